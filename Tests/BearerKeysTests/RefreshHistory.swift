import BearerTime

@testable import BearerKeys

/// One random history of a machine, its provider and its askers, with the invariants checked after each event.
struct RefreshHistory {
  private struct Pending {
    var order: FetchOrder
    var startedAt: MonotonicTime
    /// When the answer comes; a provider may also never answer.
    var answersAt: MonotonicTime?
    /// Whether nobody counts on the answer any more.
    var isAbandoned = false
  }

  private(set) var violations: [String] = []
  private(set) var statesMet: Set<String> = []
  private(set) var causesMet: Set<String> = []

  private var random: JitterGenerator
  private var jitter: JitterGenerator
  private var settings: RefreshSettings
  private var machine: RefreshStateMachine<Set<String>>
  private var now = MonotonicTime.zero

  // The world.
  private var provider: Set<String> = ["k0"]
  private var rotations = 0
  private var isProviderUp = true
  private var pending: [Pending] = []

  // What the invariants remember of the past.
  private var expectedKeys: Set<String>?
  private var confirmedAt: MonotonicTime?
  private var header: Duration?
  private var lastFailed = false
  private var failuresInRow = 0
  private var pausedUntil: MonotonicTime?
  private var lastFailureAt: MonotonicTime?
  private var lastSequence: UInt64 = 0
  private var lastUnknownKeyFetch: MonotonicTime?
  private var lastRequestFetch: MonotonicTime?
  private var fetchTimes: [MonotonicTime] = []

  init(seed: UInt64) {
    random = JitterGenerator(seed: seed)
    jitter = JitterGenerator(seed: ~seed)
    settings = Self.settings(&random)
    machine = RefreshStateMachine(settings: settings)
  }

  private static func settings(_ random: inout JitterGenerator) -> RefreshSettings {
    RefreshSettings(
      refresh: [.seconds(20), .seconds(60), .seconds(600), .seconds(3600)].randomElement(using: &random) ?? .zero,
      maximumStale: [.zero, .seconds(30), .seconds(300), .seconds(86400)].randomElement(using: &random) ?? .zero,
      unknownKeyCooldown: [.seconds(2), .seconds(30), .seconds(90)].randomElement(using: &random) ?? .zero,
      savedFetches: 1)
  }

  // MARK: The history

  mutating func run(events: Int) {
    if chance(0.3) { restore() }
    note(machine.start(at: now))
    for _ in 0..<events where violations.isEmpty { happen() }
    if violations.isEmpty { settle() }
  }

  /// Lets the next thing happen: an answer, the machine's alarm, or something from outside.
  private mutating func happen() {
    let outside = now + .milliseconds(Int.random(in: 0...pace(), using: &random))
    let answer = pending.compactMap(\.answersAt).min() ?? .distantFuture
    // Alarms may be late, never early.
    let alarm = machine.wakeAt.map { $0 + .milliseconds(Int.random(in: 0...50, using: &random)) } ?? .distantFuture
    now = max(now, min(outside, answer, alarm))
    switch now {
    case answer: deliver()
    case alarm: ringAlarm()
    default: meet()
    }
    check()
  }

  private mutating func pace() -> Int {
    [100, 5_000, 60_000, 900_000].randomElement(using: &random) ?? 0
  }

  private mutating func meet() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<45: ask(Bool.random(using: &random) ? "bogus\(Int.random(in: 0..<30, using: &random))" : nil)
    case 45..<60: ask(provider.randomElement(using: &random))
    case 60..<70: rotate()
    case 70..<80: isProviderUp.toggle()
    case 80..<92: askRefresh()
    case 92..<95: note(machine.fileChanged(at: now))
    case 95..<98: reload()
    default: break
    }
  }

  private mutating func rotate() {
    rotations += 1
    provider.insert("k\(rotations)")
    if provider.count > 2, let oldest = provider.min() { provider.remove(oldest) }
  }

  private mutating func restore() {
    let age = Duration.seconds(Int.random(in: 0...200_000, using: &random))
    if machine.restore(provider, validatedAt: now - age, headerLifetime: nil) {
      expectedKeys = provider
      confirmedAt = now - age
    }
  }

  private mutating func reload() {
    settings = Self.settings(&random)
    let sourceChanged = chance(0.5)
    if sourceChanged {
      pausedUntil = nil
      for index in pending.indices { pending[index].isAbandoned = true }
      lastFailed = false
      failuresInRow = 0
    }
    // The bounds on rates are those of the settings in force.
    lastUnknownKeyFetch = nil
    fetchTimes = []
    note(machine.settingsChanged(settings, sourceChanged: sourceChanged, at: now, jitter: &jitter))
  }

  private mutating func ringAlarm() {
    let failures = machine.failures
    let order = machine.timerDue(at: now, jitter: &jitter)
    if machine.failures != failures {
      statesMet.insert("given up")
      for index in pending.indices { pending[index].isAbandoned = true }
      failed()
    }
    note(order)
  }

  private mutating func askRefresh() {
    let (answer, next) = machine.refreshAsked(at: now)
    if case .limited(let retryAfter) = answer {
      require(
        retryAfter > .zero && retryAfter <= .seconds(isPaused ? 300 : 10),
        "a refresh was limited for no time or too long")
      require(next == nil, "a limited refresh fetched")
    }
    note(next)
  }

  /// A token with this kid, or with one that never was: the way a verifier asks.
  private mutating func ask(_ name: String?) {
    let kid = name ?? "never\(random.next())"
    let isUsable = machine.health(at: now).isUsable
    // A known key is used, and nothing is asked.
    if isUsable, let held = machine.held, held.keys.contains(kid) { return }
    let wasInFlight = machine.inFlight != nil
    let looksLate = chance(0.05)
    let generation = isUsable ? machine.held.map { looksLate ? $0.generation - 1 : $0.generation } : nil
    let mayWait = chance(0.8)
    let (answer, next) = machine.keyAsked(
      KidFingerprint(Array(kid.utf8)), notIn: generation, mayWait: mayWait, at: now)
    switch answer {
    case .lookAgain:
      statesMet.insert("look again")
      require(isUsable && looksLate && next == nil, "an asker was sent back to a set that it had seen")
    case .unknownKey:
      statesMet.insert("unknown")
      require(isUsable && !lastFailed && !wasInFlight && next == nil, "a key was called unknown that may exist")
    case .unavailable(let retryAfter):
      statesMet.insert("unavailable")
      require(retryAfter > .zero && retryAfter <= .seconds(330), "a retry hint out of its bounds")
      require(!mayWait || !isUsable || lastFailed, "unavailable although the last attempt succeeded")
    case .wait:
      statesMet.insert("wait")
      require(mayWait && machine.inFlight != nil, "a wait for nothing")
    }
    note(next)
  }

  private mutating func deliver() {
    guard let index = pending.firstIndex(where: { $0.answersAt == now }) else { return }
    let fetch = pending.remove(at: index)
    let answered = provider
    let lifetimes: [Duration?] = [nil, .zero, .seconds(90), .seconds(7200)]
    let lifetime = lifetimes.randomElement(using: &random) ?? nil
    let counted: Bool
    let next: FetchOrder?
    if !isProviderUp || chance(0.1) {
      var fault = FetchFault(.connectFailed, found: "")
      let pauses: [Duration?] = [nil, nil, nil, .seconds(5), .seconds(60), .seconds(86_400)]
      fault.retryAfter = pauses.randomElement(using: &random) ?? nil
      let isUsable = machine.health(at: now).isUsable
      (counted, next) = machine.failed(fault, sequence: fetch.order.sequence, at: now, jitter: &jitter)
      if counted {
        failed()
        pausedUntil = fault.retryAfter.map { now + min($0, .seconds(isUsable ? 300 : 30)) }
      }
    } else if machine.held?.keys == answered, chance(0.5) {
      (counted, next) = machine.confirmed(
        sequence: fetch.order.sequence, headerLifetime: lifetime, leavesDoubt: chance(0.5), at: now, jitter: &jitter)
      if counted { succeeded(answered, lifetime) }
    } else {
      (counted, next) = machine.fetched(
        answered, sequence: fetch.order.sequence, headerLifetime: lifetime, leavesDoubt: chance(0.2), at: now,
        jitter: &jitter)
      if counted { succeeded(answered, lifetime) }
    }
    require(counted == !fetch.isAbandoned, "an abandoned answer counted, or a good one did not")
    require(!counted || fetch.order.sequence == lastSequence, "an older answer counted")
    note(next)
  }

  private mutating func succeeded(_ keys: Set<String>, _ lifetime: Duration?) {
    expectedKeys = keys
    confirmedAt = now
    header = lifetime
    lastFailed = false
    failuresInRow = 0
    pausedUntil = nil
    require(machine.due.map { now < $0 } ?? (machine.inFlight != nil), "no refresh is planned after a success")
  }

  private mutating func failed() {
    lastFailed = true
    failuresInRow += 1
    lastFailureAt = now
    pausedUntil = nil
  }

  private var isPaused: Bool { pausedUntil.map { now < $0 } ?? false }

  // MARK: The invariants

  /// A fetch begins.
  private mutating func note(_ order: FetchOrder?) {
    guard let order else { return }
    causesMet.insert(order.cause.rawValue)
    require(pending.allSatisfy(\.isAbandoned), "a second fetch in flight")
    require(order.sequence == lastSequence + 1, "a sequence number out of order")
    lastSequence = order.sequence
    switch order.cause {
    case .unknownKey, .secondLook:
      require(!isPaused, "a token's key was fetched in a pause that the provider asked for")
      if let last = lastUnknownKeyFetch {
        require(now.duration(since: last) >= settings.unknownKeyCooldown, "two fetches for unknown kids in a cool-down")
      }
      lastUnknownKeyFetch = now
    case .request:
      require(!isPaused, "an operator's refresh in a pause that the provider asked for")
      if let last = lastRequestFetch {
        require(now.duration(since: last) >= .seconds(10), "two explicit refreshes in ten seconds")
      }
      lastRequestFetch = now
    case .retry:
      if let last = lastFailureAt { require(now.duration(since: last) >= .milliseconds(500), "a retry at once") }
    case .schedule: require(!lastFailed, "a failure was not followed by a retry")
    case .start, .fileChange, .reload: break
    }
    if order.cause != .fileChange && order.cause != .reload { countFetch() }
    let delay: Duration? =
      switch Int.random(in: 0..<10, using: &random) {
      case 0: nil
      case 1: .milliseconds(Int.random(in: 5_000...20_000, using: &random))
      default: .milliseconds(Int.random(in: 1...2_000, using: &random))
      }
    pending.append(Pending(order: order, startedAt: now, answersAt: delay.map { now + $0 }))
  }

  /// Fetches in any ten minutes: those for unknown kids, explicit ones, scheduled ones, and a retry in five seconds.
  private mutating func countFetch() {
    fetchTimes.append(now)
    fetchTimes.removeAll { now.duration(since: $0) > .seconds(600) }
    let shortest = min(settings.refresh, .seconds(60)) * 0.7
    let bound =
      600 / (settings.unknownKeyCooldown / .seconds(1)) + 60 + 600 / (shortest / .seconds(1)) + 600 / 5 + 4
    require(Double(fetchTimes.count) <= bound, "too many fetches in ten minutes")
  }

  /// What must hold at every moment.
  private mutating func check() {
    require(machine.held?.keys == expectedKeys, "a set was lost, or one that was removed is in use")
    let health = machine.health(at: now)
    statesMet.insert(health.word)
    if let confirmedAt {
      let lifetime = min(settings.refresh, header.map { max($0, .seconds(60)) } ?? settings.refresh)
      let isFresh = now < confirmedAt + lifetime
      let isUsable = now < confirmedAt + lifetime + settings.maximumStale
      require((health == .fresh) == isFresh, "fresh for too long or too short a time")
      require(health.isUsable == isUsable, "usable for too long or too short a time")
    } else {
      require(health == .empty, "keys from nowhere")
    }
    require(machine.consecutiveFailures == failuresInRow, "miscounted failures")
    require(machine.rememberedAbsentKids <= KeysLimits.rememberedAbsentKids, "too many kids remembered")
    require(machine.wakeAt != nil, "nothing is planned")
    if let due = machine.due, lastFailed, let lastFailureAt {
      let delay = due.duration(since: lastFailureAt)
      require(delay <= .seconds(330), "the next attempt is too far away")
    }
  }

  /// Without further faults everything comes right: the provider's set is in use, and a new key is known soon.
  private mutating func settle() {
    isProviderUp = true
    drive(for: max(settings.refresh, .seconds(330)) + .seconds(60))
    require(machine.held?.keys == provider, "the provider's set is not in use although all is well")
    require(machine.health(at: now) == .fresh, "keys are not fresh although all is well")
    provider.insert("brand new")
    var waited = Duration.zero
    while machine.held?.keys.contains("brand new") != true, waited <= settings.unknownKeyCooldown + .seconds(2) {
      let (_, next) = machine.keyAsked(
        KidFingerprint(Array("brand new".utf8)), notIn: machine.held?.generation, mayWait: true, at: now)
      note(next)
      drive(for: .seconds(1))
      waited += .seconds(1)
    }
    require(machine.held?.keys.contains("brand new") == true, "a new key was not found in a cool-down")
  }

  /// Time passes, every fetch is answered at once, and nothing else happens.
  private mutating func drive(for duration: Duration) {
    let end = now + duration
    while true {
      for fetch in pending where !fetch.isAbandoned {
        let (_, next) = machine.fetched(
          provider, sequence: fetch.order.sequence, headerLifetime: nil, at: now, jitter: &jitter)
        succeeded(provider, nil)
        pending = []
        note(next)
      }
      guard let wakeAt = machine.wakeAt, wakeAt <= end else { break }
      now = max(now, wakeAt)
      note(machine.timerDue(at: now, jitter: &jitter))
    }
    now = end
  }

  private mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &random) < probability
  }

  private mutating func require(_ holds: Bool, _ violation: StaticString) {
    if !holds {
      violations.append("\(violation), at \(now.duration(since: .zero)), \(machine.health(at: now)), \(settings)")
    }
  }
}
