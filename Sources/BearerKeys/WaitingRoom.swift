import Synchronization

// A request that waits for a key costs memory and little else, so memory is what bounds the waits. How it is shared out
// must withstand two kinds of flood. One user id must not take the room of others: it may hold at most four times what
// it leaves free, so that one alone has four fifths, and the next one still finds room. But all end users come through
// one application and so through one user id, and any of them may send made-up kids. After a rotation good tokens have
// one kid and a flood has many. So kids that only a few requests wait for share a part of their own, at most half of
// what is free beside it. When it is full the oldest of them make room for the newest: a flood displaces itself, and
// the first tokens under a new key get in. One kid that very many wait for may be made up as well; those who wait for
// it hold at most twice what they leave free.
//
// The shares have no fixed sizes on purpose (they are dynamic thresholds, as packet switches have them): waits may use
// what nobody else uses, and a part is always free for those who come.

/// Bounds the memory of all requests that wait for keys, and shares it out.
package final class WaitingRoom: Sendable {
  /// Who waits, and what that costs.
  package struct Wait: Sendable {
    /// The user id at the other end of the connection.
    package var user: UInt32
    /// The bytes that the request keeps while it waits, without what every wait costs.
    package var bytes: Int

    /// A wait of this user that keeps so many bytes.
    package init(user: UInt32, bytes: Int) {
      self.user = user
      self.bytes = bytes
    }
  }

  /// What requests wait for: a key of an issuer, or any key of an issuer that has none.
  package struct Subject: Hashable, Sendable {
    fileprivate let issuer: ObjectIdentifier
    /// `nil` for any key.
    fileprivate let kid: KidFingerprint?

    /// The key of an issuer's owner, or any key of it.
    package init(issuer: ObjectIdentifier, kid: KidFingerprint?) {
      self.issuer = issuer
      self.kid = kid
    }
  }

  /// A wait's share of the room, to be given back.
  package struct Share: Sendable {
    fileprivate let number: UInt64
  }

  private struct Entry: Sendable {
    let user: UInt32
    let subject: Subject
    let bytes: Int
    /// Its name among the user's waits for kids that few wait for, if it is one.
    var rareID: Waiters<Void>.ID?
  }

  private struct User: Sendable {
    var bytes = 0
    var rareBytes = 0
    /// The waits for kids that few wait for; their wake-up displaces them.
    var rare = Waiters<Void>()
    /// The number of each of these waits.
    var rareNumbers: [Waiters<Void>.ID: UInt64] = [:]
  }

  private struct Crowd: Sendable {
    var bytes = 0
    var count = 0
    /// Those among them that may be displaced.
    var rareNumbers: [UInt64] = []
  }

  private struct State: Sendable {
    var capacity: Int
    var used = 0
    var numbers: UInt64 = 0
    var entries: [UInt64: Entry] = [:]
    var users: [UInt32: User] = [:]
    var crowds: [Subject: Crowd] = [:]
  }

  /// What every wait costs besides its request: its places in queues and tables, closures, and its later reply.
  package static let bytesPerWait = 2048
  /// A kid that fewer requests wait for counts as one that few wait for.
  package static let fewWaits = 4

  private let state: Mutex<State>

  /// The default of `waiting_bytes`.
  package static let defaultCapacity = 16_777_216

  /// A room of so many bytes.
  package init(capacity: Int = defaultCapacity) {
    state = Mutex(State(capacity: capacity))
  }

  /// Changes the size; waits that are there stay.
  package func setCapacity(_ capacity: Int) {
    state.withLock { $0.capacity = capacity }
  }

  /// The bytes that all waits hold.
  package var used: Int { state.withLock(\.used) }

  /// Takes a share for a wait.
  ///
  /// - Parameters:
  ///   - wait: Who waits.
  ///   - subject: What it waits for.
  ///   - displace: Ends this very wait to make room for a newer one; called outside of locks, when its share has been
  ///     given back.
  /// - Returns: The share, `nil` if there is no room; and what ends the waits that made room, to be called outside of
  ///   locks in either case.
  package func enter(
    _ wait: Wait, for subject: Subject, displace: @escaping @Sendable () -> Void
  ) -> (share: Share?, displaced: [@Sendable () -> Void]) {
    state.withLock { state in
      let bytes = max(0, min(wait.bytes, state.capacity)) + Self.bytesPerWait
      let isRare = subject.kid != nil && (state.crowds[subject]?.count ?? 0) < Self.fewWaits
      var displaced: [@Sendable () -> Void] = []
      // Rare waits make room only for rare waits of the same user. They make none for a wait of more than an eighth of
      // the room, which could displace very many.
      if isRare, bytes <= state.capacity / 8 {
        while !Self.hasRoom(state, bytes, wait.user, subject, isRare: true),
          let oldest = Self.removeOldestRare(of: wait.user, &state)
        { displaced.append(oldest) }
      }
      guard Self.hasRoom(state, bytes, wait.user, subject, isRare: isRare) else { return (nil, displaced) }
      state.numbers += 1
      let number = state.numbers
      state.used += bytes
      state.users[wait.user, default: User()].bytes += bytes
      state.crowds[subject, default: Crowd()].bytes += bytes
      state.crowds[subject]?.count += 1
      var entry = Entry(user: wait.user, subject: subject, bytes: bytes)
      if isRare {
        let id = state.users[wait.user, default: User()].rare.add { _ in displace() }
        entry.rareID = id
        state.users[wait.user]?.rareBytes += bytes
        state.users[wait.user]?.rareNumbers[id] = number
        state.crowds[subject]?.rareNumbers.append(number)
      }
      state.entries[number] = entry
      // The kid is not rare any more, so those who came first are not displaced either.
      if let crowd = state.crowds[subject], crowd.count >= Self.fewWaits {
        for number in crowd.rareNumbers { Self.makeCommon(number, &state) }
      }
      return (Share(number: number), displaced)
    }
  }

  /// Gives a share back; without effect if that was done, or if the wait was displaced.
  package func leave(_ share: Share) {
    state.withLock { Self.remove(share.number, &$0) }
  }

  private static func hasRoom(
    _ state: State, _ bytes: Int, _ userID: UInt32, _ subject: Subject, isRare: Bool
  ) -> Bool {
    let free = state.capacity - state.used - bytes
    let user = state.users[userID]
    if isRare, (user?.rareBytes ?? 0) + bytes > free / 2 { return false }
    return free >= 0 && (user?.bytes ?? 0) + bytes <= 4 * free
      && (state.crowds[subject]?.bytes ?? 0) + bytes <= 2 * free
  }

  private static func removeOldestRare(of userID: UInt32, _ state: inout State) -> (@Sendable () -> Void)? {
    guard let first = state.users[userID]?.rare.first, let number = state.users[userID]?.rareNumbers[first.id] else {
      return nil
    }
    remove(number, &state)
    return { first.wakeUp(()) }
  }

  private static func makeCommon(_ number: UInt64, _ state: inout State) {
    guard let entry = state.entries[number], let id = entry.rareID else { return }
    state.entries[number]?.rareID = nil
    state.users[entry.user]?.rare.remove(id)
    state.users[entry.user]?.rareNumbers[id] = nil
    state.users[entry.user]?.rareBytes -= entry.bytes
    state.crowds[entry.subject]?.rareNumbers.removeAll { $0 == number }
  }

  private static func remove(_ number: UInt64, _ state: inout State) {
    makeCommon(number, &state)
    guard let entry = state.entries.removeValue(forKey: number) else { return }
    state.used -= entry.bytes
    state.users[entry.user]?.bytes -= entry.bytes
    if state.users[entry.user]?.bytes == 0 { state.users[entry.user] = nil }
    state.crowds[entry.subject]?.bytes -= entry.bytes
    state.crowds[entry.subject]?.count -= 1
    if state.crowds[entry.subject]?.count == 0 { state.crowds[entry.subject] = nil }
  }
}
