import Testing

@testable import BearerKeys

@Suite struct AbsentKidsTests {
  private static let cooldown = Duration.seconds(30)

  private func kid(_ number: Int) -> KidFingerprint { KidFingerprint(Array("kid \(number)".utf8)) }

  private func time(_ seconds: Double) -> MonotonicTime { .zero + .seconds(seconds) }

  @Test("no more than 1024 kids are remembered: what is over goes first, then what would be over next")
  func bound() {
    var absent = AbsentKids()
    var chance = FixedChance.middle
    for number in 0..<1024 {
      absent.prove(kid(number), by: time(0.01 * Double(number)), cooldown: Self.cooldown, jitter: &chance)
    }
    #expect(absent.count == 1024)
    // None is over yet, so the first goes, and no other.
    absent.prove(kid(2000), by: time(20), cooldown: Self.cooldown, jitter: &chance)
    #expect(absent.count == 1024)
    #expect(!absent.holds(kid(0), at: time(20)))
    #expect((1..<1024).allSatisfy { absent.holds(kid($0), at: time(20)) })
    #expect(absent.holds(kid(2000), at: time(20)))
    // All that were proven absent in the first ten seconds are over: they go, and the one that is not stays.
    absent.prove(kid(2001), by: time(75), cooldown: Self.cooldown, jitter: &chance)
    #expect(absent.count == 2)
    absent.prove(kid(2000), by: time(76), cooldown: Self.cooldown, jitter: &chance)
    #expect(absent.holds(kid(2000), at: time(76 + 74.9)), "its second proof counts as the second")
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
