import BearerKeys
import BearerTestKit
import BearerTime
import Synchronization
import Testing

/// How the memory of waits is shared out.
@Suite struct WaitingRoomTests {
  private final class Issuer: Sendable {}

  /// A room with those who are in it, by name.
  private final class Trial: Sendable {
    static let cost = WaitingRoom.bytesPerWait
    let room: WaitingRoom
    private let issuer: ObjectIdentifier
    private let keptAlive = Issuer()
    private let inside = Mutex<[Int: (user: UInt32, kid: Int?, share: WaitingRoom.Share)]>([:])
    private let names = Mutex(0)

    init(waits: Int) {
      room = WaitingRoom(capacity: waits * Self.cost)
      issuer = ObjectIdentifier(keptAlive)
    }

    /// Lets one in, if there is room.
    @discardableResult
    func enter(user: UInt32 = 1, kid: Int?) -> Bool {
      let name = names.withLock { name in
        name += 1
        return name
      }
      let fingerprint = kid.map { KidFingerprint(Array("\($0)".utf8)) }
      let entered = room.enter(
        .init(user: user, bytes: 0), for: .init(issuer: issuer, kid: fingerprint),
        displace: { [self] in inside.withLock { _ = $0.removeValue(forKey: name) } })
      for displaced in entered.displaced { displaced() }
      guard let share = entered.share else { return false }
      inside.withLock { $0[name] = (user, kid, share) }
      return true
    }

    /// Lets one go, whom chance chooses.
    func leave(_ chance: inout JitterGenerator) {
      let name = inside.withLock { $0.keys.sorted().randomElement(using: &chance) }
      guard let name, let share = inside.withLock({ $0.removeValue(forKey: name) })?.share else { return }
      room.leave(share)
      // Once more has no effect.
      room.leave(share)
    }

    func count(user: UInt32? = nil, kid: Int?? = nil) -> Int {
      inside.withLock { inside in
        inside.values.count { (user == nil || $0.user == user) && (kid == nil || .some($0.kid) == kid) }
      }
    }
  }

  @Test("one user alone has four fifths, and another who comes then finds room")
  func users() {
    let trial = Trial(waits: 1000)
    for kid in 0..<10 { for _ in 0..<400 { trial.enter(user: 1, kid: kid) } }
    #expect(trial.count(user: 1) == 800)
    var good = 0
    for _ in 0..<60 where trial.enter(user: 2, kid: 10_000) { good += 1 }
    #expect(good == 60)
    #expect(trial.count(user: 1) == 800)
  }

  @Test("a flood of made-up kids displaces itself, and all good tokens of one kid find room beside it")
  func flood() {
    let trial = Trial(waits: 3000)
    for good in 0..<500 {
      for bogus in 0..<10 { #expect(trial.enter(kid: 1_000_000 + good * 10 + bogus)) }
      #expect(trial.enter(kid: 1))
    }
    #expect(trial.count(kid: 1) == 500)
    #expect(trial.room.used <= 3000 * Trial.cost)
    #expect(trial.room.used == trial.count() * Trial.cost)
  }

  @Test("one made-up kid that all wait for leaves room for another")
  func crowd() {
    let trial = Trial(waits: 3000)
    for _ in 0..<5000 { trial.enter(kid: 1) }
    #expect(trial.count() == 2000)
    for _ in 0..<200 { #expect(trial.enter(kid: 2)) }
    #expect(trial.count(kid: 1) == 2000)
  }

  @Test("those who wait for any key of an issuer make no room, and fill two thirds")
  func withoutKeys() {
    let trial = Trial(waits: 300)
    for _ in 0..<300 { trial.enter(kid: nil) }
    #expect(trial.count() == 200)
  }

  @Test("in no history is the room overfull, or does anybody lose a place to another user", arguments: 1...50)
  func histories(seed: Int) {
    var chance = JitterGenerator(seed: UInt64(seed))
    let trial = Trial(waits: 100)
    for _ in 0..<2000 {
      if Int.random(in: 0..<3, using: &chance) == 0 {
        trial.leave(&chance)
      } else {
        let user = UInt32.random(in: 1...3, using: &chance)
        let others = trial.count() - trial.count(user: user)
        let kid =
          Bool.random(using: &chance) ? Int.random(in: 0..<3, using: &chance) : .random(in: 0..<1000, using: &chance)
        trial.enter(user: user, kid: Bool.random(using: &chance) ? kid : nil)
        #expect(trial.count() - trial.count(user: user) == others)
      }
      #expect(trial.room.used == trial.count() * Trial.cost)
      #expect(trial.count() <= 100)
    }
    while trial.count() > 0 { trial.leave(&chance) }
    #expect(trial.room.used == 0)
  }
}
