import BearerTime
import Testing

@testable import BearerKeys

/// The table of events and what must come of them.
///
/// Times are seconds, chance throws the middle unless a scenario says otherwise, and what comes of an event is written as words: the answer, the
/// fetch that begins, and where the machine stands afterwards.
@Suite struct RefreshStateMachineTests {
  enum Event: Sendable {
    case start
    case timer
    case keys(_ sequence: UInt64, Set<String>, lifetime: Int? = nil, leavesDoubt: Bool = false)
    case unchanged(_ sequence: UInt64, lifetime: Int? = nil, leavesDoubt: Bool = false)
    /// With the seconds that the provider asks to be left alone.
    case fault(_ sequence: UInt64, pause: Int? = nil)
    /// A token with this kid; the asker looked into the set in use, or into the one of a generation.
    case ask(String, mayWait: Bool = true, generation: UInt64? = nil)
    case refresh
    case file
    case settings(RefreshSettings, sourceChanged: Bool = false)
    case seed(Set<String>, age: Int)
    case look
  }

  struct Row: Sendable {
    var time: Double
    var event: Event
    var expected: String

    init(_ time: Double, _ event: Event, _ expected: String) {
      self.time = time
      self.event = event
      self.expected = expected
    }
  }

  struct Scenario: Sendable, CustomTestStringConvertible {
    var name: String
    var settings = RefreshSettings(savedFetches: 1)
    var chance = FixedChance.middle
    var rows: [Row]
    var testDescription: String { name }
  }

  @Test("each event has the consequences that the table says", arguments: scenarios)
  func consequences(of scenario: Scenario) {
    var driver = Driver(settings: scenario.settings, chance: scenario.chance)
    for row in scenario.rows {
      #expect(driver.apply(row.event, at: row.time) == row.expected, "at \(row.time): \(row.event)")
    }
  }

  @Test("a kid that stays absent is asked for more and more rarely; tokens without one may cost a fetch each cool-down")
  func lackOfKid() {
    func fetches(_ kid: KidFingerprint) -> [Int] {
      var machine = RefreshStateMachine<Set<String>>(settings: RefreshSettings(savedFetches: 1))
      var jitter = JitterGenerator(seed: 1)
      _ = machine.start(at: .zero)
      _ = machine.fetched(["a"], sequence: 1, headerLifetime: nil, at: .zero, jitter: &jitter)
      var fetches: [Int] = []
      for second in stride(from: 0, to: 240, by: 30) {
        let now = MonotonicTime.zero + .seconds(second)
        guard let order = machine.keyAsked(kid, notIn: 1, mayWait: true, at: now).next else { continue }
        fetches.append(second)
        _ = machine.confirmed(sequence: order.sequence, headerLifetime: nil, at: now, jitter: &jitter)
      }
      return fetches
    }
    #expect(fetches(KidFingerprint(nil)) == Array(stride(from: 0, to: 240, by: 30)))
    #expect(fetches(KidFingerprint([1])).count == 3)
  }

  @Test("made-up kids cost as many fetches as are saved up at once, and one more every cool-down")
  func savedFetches() {
    var machine = RefreshStateMachine<Set<String>>(settings: RefreshSettings())
    var jitter = JitterGenerator(seed: 1)
    _ = machine.start(at: .zero)
    _ = machine.fetched(["a"], sequence: 1, headerLifetime: nil, at: .zero, jitter: &jitter)
    var fetches: [Int] = []
    for second in 0..<300 {
      let now = MonotonicTime.zero + .seconds(second)
      let kid = KidFingerprint(Array("\(second)".utf8))
      guard let order = machine.keyAsked(kid, notIn: 1, mayWait: true, at: now).next else { continue }
      fetches.append(second)
      _ = machine.confirmed(sequence: order.sequence, headerLifetime: nil, at: now, jitter: &jitter)
    }
    #expect(fetches == [0, 1, 2, 3] + stride(from: 30, to: 300, by: 30))
    // What was not asked for is saved up again, and no more than that.
    fetches = []
    for second in 1000..<1030 {
      let now = MonotonicTime.zero + .seconds(second)
      let kid = KidFingerprint(Array("\(second)".utf8))
      guard let order = machine.keyAsked(kid, notIn: 1, mayWait: true, at: now).next else { continue }
      fetches.append(second)
      _ = machine.confirmed(sequence: order.sequence, headerLifetime: nil, at: now, jitter: &jitter)
    }
    #expect(fetches == [1000, 1001, 1002, 1003])
  }

  @Test("a fetch after which none could follow goes past caches itself, once in a cool-down, as does one without kid")
  func pastCaches() {
    func fetches(saved: Int, _ kid: (Int) -> KidFingerprint) -> [String] {
      var machine = RefreshStateMachine<Set<String>>(settings: RefreshSettings(savedFetches: saved))
      var jitter = JitterGenerator(seed: 1)
      _ = machine.start(at: .zero)
      _ = machine.fetched(["a"], sequence: 1, headerLifetime: nil, at: .zero, jitter: &jitter)
      var fetches: [String] = []
      for second in 0..<61 {
        let now = MonotonicTime.zero + .seconds(second)
        var order = machine.keyAsked(kid(second), notIn: 1, mayWait: true, at: now).next
        while let current = order {
          fetches.append("\(second) \(current.cause.rawValue)\(current.goesPastCaches ? " past caches" : "")")
          order =
            machine.confirmed(
              sequence: current.sequence, headerLifetime: nil, leavesDoubt: true, at: now, jitter: &jitter
            ).next
        }
      }
      return fetches
    }
    let made = { (second: Int) in KidFingerprint(Array("\(second)".utf8)) }
    // Four at once and one each cool-down, whatever they are made for.
    #expect(
      fetches(saved: 4, made) == [
        "0 unknown_key", "0 second_look past caches", "1 unknown_key", "2 unknown_key", "30 unknown_key past caches",
        "60 unknown_key past caches",
      ])
    #expect(
      fetches(saved: 1, made) == [
        "0 unknown_key past caches", "30 unknown_key past caches", "60 unknown_key past caches",
      ])
    #expect(
      fetches(saved: 4) { _ in KidFingerprint(nil) } == [
        "0 unknown_key past caches", "30 unknown_key past caches", "60 unknown_key past caches",
      ])
  }

  @Test("a flood of kids during one fetch leaves few to be remembered at its end")
  func floodDuringOneFetch() {
    var machine = RefreshStateMachine<Set<String>>(settings: RefreshSettings(savedFetches: 1))
    var jitter = JitterGenerator(seed: 1)
    _ = machine.start(at: .zero)
    _ = machine.fetched(["a"], sequence: 1, headerLifetime: nil, at: .zero, jitter: &jitter)
    for number in 0..<10_000 {
      let kid = KidFingerprint(Array("\(number)".utf8))
      #expect(machine.keyAsked(kid, notIn: 1, mayWait: true, at: .zero).answer == .wait)
    }
    _ = machine.fetched(["b"], sequence: 2, headerLifetime: nil, at: .zero, jitter: &jitter)
    #expect(machine.rememberedAbsentKids == KeysLimits.askedKidsPerFetch)
  }
}
