import BearerKeys
import BearerTime

// Active and inactive tokens are kept apart. Nobody can make up a token that a provider calls active, so that the table
// of these may take much memory; anybody can make up inactive ones, so that theirs is small, and what is put into it
// displaces nothing of the other. An answer is kept with the time at which it was asked for. How old it may be is the
// reader's to say, for policies differ in that.

/// What a back-end has said of tokens, within bounds of memory.
struct AnswerTable: Sendable {
  /// That a token is active.
  struct Fact: Sendable {
    /// What was told of it, while anybody can use that.
    var value: ActiveToken?
    /// When it was asked for; `nil` if nothing more is known than that the token was active before.
    var askedAt: MonotonicTime?
  }

  private struct Slot: Sendable {
    let digest: TokenDigest
    var fact: Fact
    var wasUsed = false

    var bytes: Int { AnswerTable.bytesPerEntry + (fact.value?.heldBytes ?? 0) }
  }

  /// What one entry without its answer costs at most: its slot and its place in the hash table, at the greatest slack
  /// that growing leaves.
  static let bytesPerEntry = 256

  /// How many slots each addition looks at for answers that nobody can use any more.
  private static let sweptPerAddition = 2

  private(set) var usedBytes = 0
  private var slots: [Slot] = []
  private var places: [TokenDigest: Int] = [:]
  private var hand = 0
  private var sweepHand = 0
  private var inactive = InactiveTable()
  private var revoked = InactiveTable()

  /// How many tokens are known as active, or as active before.
  var activeCount: Int { slots.count }

  /// How many tokens are known as inactive.
  var inactiveCount: Int { inactive.count + revoked.count }

  /// Whether the back-end has called the token active before, and not inactive since.
  func wasActive(_ digest: TokenDigest) -> Bool { places[digest] != nil }

  /// When the token was last called active, and what was told of it.
  mutating func active(_ digest: TokenDigest) -> Fact? {
    guard let place = places[digest] else { return nil }
    slots[place].wasUsed = true
    return slots[place].fact
  }

  /// When the token was last called inactive, unless it was called active since.
  func inactive(_ digest: TokenDigest) -> MonotonicTime? { inactive.askedAt(digest) ?? revoked.askedAt(digest) }

  // MARK: Answers

  /// Notes a yes.
  ///
  /// - Parameters:
  ///   - digest: The token.
  ///   - token: What was told of it; `nil` if only the yes is wanted.
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
    if let place = places[digest] {
      usedBytes += slot.bytes - slots[place].bytes
      slots[place].fact = slot.fact
      slots[place].wasUsed = true
    } else {
      places[digest] = slots.count
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
  ///   - isGoodLocally: Whether its signature is good, so that nobody makes such tokens up. What is said of these is kept
  ///     for as long as there is room.
  mutating func noteInactive(_ digest: TokenDigest, askedAt: MonotonicTime, isGoodLocally: Bool) {
    if let place = places[digest] { remove(place) }
    if isGoodLocally {
      revoked.note(digest, askedAt: askedAt)
    } else {
      inactive.note(digest, askedAt: askedAt)
    }
  }

  /// Forgets all of a token.
  mutating func forget(_ digest: TokenDigest) {
    if let place = places[digest] { remove(place) }
  }

  /// Forgets all answers; which tokens were active before stays known, for that they are no made-up ones is still true.
  mutating func forgetAnswers() {
    inactive = InactiveTable()
    revoked = InactiveTable()
    for place in slots.indices {
      usedBytes -= slots[place].fact.value?.heldBytes ?? 0
      slots[place].fact = Fact()
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

  private mutating func remove(_ place: Int) {
    usedBytes -= slots[place].bytes
    places[slots[place].digest] = nil
    let last = slots.removeLast()
    if place < slots.count {
      slots[place] = last
      places[last.digest] = place
    }
  }
}

/// Tokens that were called inactive, the latest of them.
struct InactiveTable: Sendable {
  private struct Entry: Sendable {
    let digest: TokenDigest
    let askedAt: MonotonicTime
  }

  private var times: [TokenDigest: MonotonicTime] = [:]
  /// In the order in which they were noted; one whose time is not that of the table is no longer true.
  private var entries: [Entry] = []
  private var next = 0

  /// How many there are.
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
