import BearerTime
import Testing

@testable import BearerKeys

@Suite struct AbsentKidsTests {
  private static let cooldown = Duration.seconds(30)

  private func kid(_ number: Int) -> KidFingerprint { KidFingerprint(Array("kid \(number)".utf8)) }

  private func time(_ seconds: Double) -> MonotonicTime { .zero + .seconds(seconds) }

  @Test("no more than 4096 kids are remembered: what is over goes first, then the quarter that would be over next")
  func bound() {
    var absent = AbsentKids()
    var chance = FixedChance.middle
    for number in 0..<4096 {
      absent.prove(kid(number), by: time(0.0025 * Double(number)), cooldown: Self.cooldown, jitter: &chance)
    }
    #expect(absent.count == 4096)
    // None is over yet, so the first quarter goes, and no other.
    absent.prove(kid(9000), by: time(20), cooldown: Self.cooldown, jitter: &chance)
    #expect(absent.count == 3073)
    #expect((0..<1024).allSatisfy { !absent.holds(kid($0), at: time(20)) })
    #expect((1024..<4096).allSatisfy { absent.holds(kid($0), at: time(20)) })
    #expect(absent.holds(kid(9000), at: time(20)))
    // All that were proven absent in the first ten seconds are over: they go when there is no room, and no other.
    for number in 10_000..<11_024 {
      absent.prove(kid(number), by: time(75), cooldown: Self.cooldown, jitter: &chance)
    }
    #expect(absent.count == 1025)
    absent.prove(kid(9000), by: time(76), cooldown: Self.cooldown, jitter: &chance)
    #expect(absent.holds(kid(9000), at: time(76 + 74.9)), "its second proof counts as the second")
  }

  @Test("a kid that is proven absent again and again is held for one cool-down, for two, and then always for four")
  func growth() {
    var absent = AbsentKids()
    var chance = FixedChance.least
    var now = 0.0
    for cooldowns in [1.0, 2, 4, 4, 4] {
      absent.prove(kid(1), by: time(now), cooldown: Self.cooldown, jitter: &chance)
      #expect(absent.holds(kid(1), at: time(now + cooldowns * 30 - 0.1)), "\(cooldowns) cool-downs, at \(now)")
      now += cooldowns * 30
      #expect(!absent.holds(kid(1), at: time(now)), "\(cooldowns) cool-downs, until \(now)")
    }
  }

  @Test("a kid that was not asked for during as long again as it was held begins anew")
  func forgetting() {
    var absent = AbsentKids()
    var chance = FixedChance.least
    absent.prove(kid(1), by: time(0), cooldown: Self.cooldown, jitter: &chance)
    absent.prove(kid(1), by: time(60), cooldown: Self.cooldown, jitter: &chance)
    #expect(!absent.holds(kid(1), at: time(90)))
    absent.prove(kid(1), by: time(119.9), cooldown: Self.cooldown, jitter: &chance)
    #expect(absent.holds(kid(1), at: time(179.8)))
    #expect(!absent.holds(kid(1), at: time(179.9)))
  }
}
