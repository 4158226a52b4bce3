import BearerKeys
import BearerTime

// Active and inactive tokens are kept apart. Nobody can make up a token that a provider calls active, so the table of
// active tokens may take much memory. Anybody can make up inactive ones, so their table is small, and it displaces
// nothing of the other. An answer is kept with the time at which it was asked for; the reader decides how old it may
// be, because policies differ in that.

/// What a back-end has said of tokens, within bounds of memory.
struct AnswerTable: Sendable {
  /// That a token is active.
  struct Fact: Sendable {
    /// The back-end's answer, while a reader can still use it.
    var value: ActiveToken?
    /// When the answer was asked for; `nil` if it is only known that the token was active before.
    var askedAt: MonotonicTime?
  }

  private struct Slot: Sendable {
    let digest: TokenDigest
    var fact: Fact
    var wasUsed = false

    var bytes: Int { AnswerTable.bytesPerEntry + (fact.value?.heldBytes ?? 0) }
  }

  /// The most bytes that an entry without its answer takes: its slot and its place in the hash table, with the greatest
  /// slack that growing leaves.
  static let bytesPerEntry = 256

  /// How many slots each addition looks at for answers that nobody can use any more.
  private static let sweptPerAddition = 2

  private(set) var usedBytes = 0
  private var slots: [Slot] = []
  private var indices: [TokenDigest: Int] = [:]
  private var hand = 0
  private var sweepHand = 0
  private var inactive = InactiveTable()
  private var revoked = InactiveTable()

  /// How many tokens are known as active, or as active before.
  var activeCount: Int { slots.count }

  /// How many tokens are known as inactive.
  var inactiveCount: Int { inactive.count + revoked.count }

  /// Whether the back-end has called the token active before, and not inactive since.
  func wasActive(_ digest: TokenDigest) -> Bool { indices[digest] != nil }

  /// When the back-end last called the token active, and its answer.
  mutating func active(_ digest: TokenDigest) -> Fact? {
    guard let index = indices[digest] else { return nil }
    slots[index].wasUsed = true
    return slots[index].fact
  }

  /// When the token was last called inactive, unless it was called active since.
  func inactive(_ digest: TokenDigest) -> MonotonicTime? { inactive.askedAt(digest) ?? revoked.askedAt(digest) }

  // MARK: Answers

  /// Notes a yes.
  ///
  /// - Parameters:
  ///   - digest: The token.
  ///   - token: The back-end's answer; `nil` if only the yes is wanted.
  ///   - askedAt: When it was asked for.
  ///   - capacity: The bytes that all may take.
  ///   - unusableBefore: Answers that were asked for before this are of no use any more.
  mutating func noteActive(
    _ digest: TokenDigest, _ token: ActiveToken?, askedAt: MonotonicTime, capacity: Int, unusableBefore: MonotonicTime
  ) {
    inactive.forget(digest)
    revoked.forget(digest)
    sweep(unusableBefore)
    let slot = Slot(digest: digest, fact: Fact(value: token, askedAt: askedAt))
    if let index = indices[digest] {
      usedBytes += slot.bytes - slots[index].bytes
      slots[index].fact = slot.fact
      slots[index].wasUsed = true
    } else {
      indices[digest] = slots.count
      slots.append(slot)
      usedBytes += slot.bytes
    }
    makeRoom(capacity)
  }

  /// Notes a no.
  ///
  /// - Parameters:
  ///   - digest: The token.
  ///   - askedAt: When it was asked for.
  ///   - isGoodLocally: Whether the token's signature is good, so that the token is not made up. Answers about such
  ///     tokens are kept for as long as there is room.
  mutating func noteInactive(_ digest: TokenDigest, askedAt: MonotonicTime, isGoodLocally: Bool) {
    if let index = indices[digest] { remove(index) }
    if isGoodLocally {
      revoked.note(digest, askedAt: askedAt)
    } else {
      inactive.note(digest, askedAt: askedAt)
    }
  }

  /// Forgets all of a token.
  mutating func forget(_ digest: TokenDigest) {
    if let index = indices[digest] { remove(index) }
  }

  /// Forgets all answers, but not which tokens were active before: these are still not made up.
  mutating func forgetAnswers() {
    inactive = InactiveTable()
    revoked = InactiveTable()
    for index in slots.indices {
      usedBytes -= slots[index].fact.value?.heldBytes ?? 0
      slots[index].fact = Fact()
    }
  }

  // MARK: Memory

  /// Forgets tokens that were not used lately, until the rest fits (CLOCK: what was used is spared once).
  private mutating func makeRoom(_ capacity: Int) {
    while usedBytes > capacity, !slots.isEmpty {
      if hand >= slots.count { hand = 0 }
      if slots[hand].wasUsed {
        slots[hand].wasUsed = false
        hand += 1
      } else {
        remove(hand)
      }
    }
  }

  private mutating func sweep(_ unusableBefore: MonotonicTime) {
    for _ in 0..<min(Self.sweptPerAddition, slots.count) {
      if sweepHand >= slots.count { sweepHand = 0 }
      if let answer = slots[sweepHand].fact.value, slots[sweepHand].fact.askedAt.map({ $0 < unusableBefore }) != false {
        usedBytes -= answer.heldBytes
        slots[sweepHand].fact.value = nil
      }
      sweepHand += 1
    }
  }

  private mutating func remove(_ index: Int) {
    usedBytes -= slots[index].bytes
    indices[slots[index].digest] = nil
    let last = slots.removeLast()
    if index < slots.count {
      slots[index] = last
      indices[last.digest] = index
    }
  }
}

/// The last tokens that were called inactive.
struct InactiveTable: Sendable {
  private struct Entry: Sendable {
    let digest: TokenDigest
    let askedAt: MonotonicTime
  }

  private var times: [TokenDigest: MonotonicTime] = [:]
  /// In the order in which they were noted; an entry is void if ``times`` has another time for its token.
  private var entries: [Entry] = []
  private var next = 0

  /// How many tokens are known as inactive.
  var count: Int { times.count }

  /// When the token was called inactive.
  func askedAt(_ digest: TokenDigest) -> MonotonicTime? { times[digest] }

  /// Notes that a token is inactive, in place of the oldest if there is no more room.
  mutating func note(_ digest: TokenDigest, askedAt: MonotonicTime) {
    times[digest] = askedAt
    let entry = Entry(digest: digest, askedAt: askedAt)
    if entries.count < BackEndLimits.rememberedInactive {
      entries.append(entry)
      return
    }
    let oldest = entries[next]
    if oldest.digest != digest, times[oldest.digest] == oldest.askedAt { times[oldest.digest] = nil }
    entries[next] = entry
    next = (next + 1) % entries.count
  }

  /// Forgets a token.
  mutating func forget(_ digest: TokenDigest) { times[digest] = nil }
}
