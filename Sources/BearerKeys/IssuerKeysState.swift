import BearerJOSE

/// What ``IssuerKeys`` guards with its lock: the machine, and those who wait for it.
struct IssuerKeysState: Sendable {
  /// Something to be done after the lock is left.
  typealias Effect = @Sendable () -> Void

  /// A request that waits.
  struct Waiter: Sendable {
    let deliver: @Sendable (KeyWaitOutcome) -> Void
    var alarm: ScheduledAlarm?
  }

  /// What a fetch came to.
  enum Finish: Sendable {
    case replaced(KeySetChange)
    case confirmed
    case nothing
  }

  /// What the task has to do now.
  struct Step: Sendable {
    var orders: [FetchOrder]
    var changes: [IssuerKeysChange]
    var rearms: Bool
    var alarmAt: MonotonicTime?
  }

  var machine: RefreshStateMachine<KeyMaterial>
  var source: any KeySource
  var validators = FetchValidators()
  var jitter: JitterGenerator
  var waiters: [UInt64: Waiter] = [:]
  var refreshers: [UInt64: CheckedContinuation<RefreshReport, Never>] = [:]
  var hopefuls: [UInt64: CheckedContinuation<Bool, Never>] = [:]
  var changes: [IssuerKeysChange] = []
  /// When the task's alarm goes off.
  var armedFor: MonotonicTime?
  var isShutDown = false
  private var orders: [FetchOrder] = []
  private var places: UInt64 = 0
  private var announced = KeysHealth.empty

  init(settings: RefreshSettings, source: any KeySource, jitter: JitterGenerator) {
    machine = RefreshStateMachine(settings: settings)
    self.source = source
    self.jitter = jitter
  }

  /// Whether the task must look: there are orders or news for it, or its alarm is too late.
  ///
  /// An alarm that is too early does no harm, and waking the task for each of a flood of requests would.
  var needsTask: Bool {
    guard orders.isEmpty, changes.isEmpty else { return true }
    guard let wakeAt = machine.wakeAt else { return false }
    return armedFor.map { wakeAt < $0 } ?? true
  }

  mutating func order(_ order: FetchOrder?) {
    if let order { orders.append(order) }
  }

  mutating func newPlace() -> UInt64 {
    places += 1
    return places
  }

  mutating func addWaiter(_ deliver: @escaping @Sendable (KeyWaitOutcome) -> Void) -> UInt64 {
    let place = newPlace()
    waiters[place] = Waiter(deliver: deliver)
    return place
  }

  // MARK: The task's turn

  /// Lets the machine see the time, and takes what there is to do.
  mutating func step(at now: MonotonicTime, _ effects: inout [Effect]) -> Step {
    if let wakeAt = machine.wakeAt, wakeAt <= now {
      let failuresBefore = machine.failures
      let next = machine.timerDue(at: now, jitter: &jitter)
      order(next)
      if machine.failures != failuresBefore { noteFailure(at: now, &effects) }
    }
    announceHealth(at: now)
    let alarmAt = nextAlarm(after: now)
    let step = Step(orders: orders, changes: changes, rearms: alarmAt != armedFor, alarmAt: alarmAt)
    armedFor = alarmAt
    orders = []
    changes = []
    return step
  }

  /// The earlier of the machine's own time and the next bound of the keys, at which health changes without an event.
  private func nextAlarm(after now: MonotonicTime) -> MonotonicTime? {
    let bounds = [machine.held?.freshUntil, machine.held?.usableUntil].compactMap(\.self).filter { now < $0 }
    return (bounds + [machine.wakeAt].compactMap(\.self)).min()
  }

  private mutating func announceHealth(at now: MonotonicTime) {
    let health = machine.health(at: now)
    guard health.word != announced.word else { return }
    announced = health
    changes.append(.health(health))
  }

  // MARK: The end of a fetch

  /// Gives the machine the outcome of a fetch and, if it counts, tells those who waited for it.
  mutating func finish(
    _ order: FetchOrder, _ result: Result<FetchOutcome, FetchFault>, at now: MonotonicTime, _ effects: inout [Effect]
  ) -> Finish {
    guard !isShutDown else { return .nothing }
    switch result {
    case .success(.keys(let fetched)) where fetched.body != machine.held?.keys.body:
      return replace(with: fetched, order, at: now, &effects)
    // A provider without ETag sends what it sent before: the set stays, and with it all facts that rest on it.
    case .success(.keys(let fetched)):
      return confirm(fetched.lifetime, fetched.validators, order, at: now, &effects)
    // RFC 9111 section 4.3.4: what a 304 does not repeat stays as it was.
    case .success(.unchanged(let lifetime, let validators)):
      return confirm(lifetime ?? machine.held?.headerLifetime, validators, order, at: now, &effects)
    case .failure(let fault):
      let (counted, next) = machine.failed(fault, sequence: order.sequence, at: now, jitter: &jitter)
      self.order(next)
      guard counted else { return .nothing }
      noteFailure(at: now, &effects)
      return .nothing
    }
  }

  private mutating func replace(
    with fetched: FetchedKeys, _ order: FetchOrder, at now: MonotonicTime, _ effects: inout [Effect]
  ) -> Finish {
    let before = machine.held?.keys.keys
    let (counted, next) = machine.fetched(
      KeyMaterial(keys: fetched.keys, body: fetched.body), sequence: order.sequence, headerLifetime: fetched.lifetime,
      at: now, jitter: &jitter)
    self.order(next)
    guard counted else { return .nothing }
    validators = fetched.validators
    let difference = KeySetChange(from: before, to: fetched.keys)
    noteSuccess(difference, &effects)
    return .replaced(difference)
  }

  private mutating func confirm(
    _ lifetime: Duration?, _ newValidators: FetchValidators, _ order: FetchOrder, at now: MonotonicTime,
    _ effects: inout [Effect]
  ) -> Finish {
    let (counted, next) = machine.confirmed(
      sequence: order.sequence, headerLifetime: lifetime, at: now, jitter: &jitter)
    self.order(next)
    guard counted else { return .nothing }
    guard let keys = machine.held?.keys.keys else {
      noteFailure(at: now, &effects)
      return .nothing
    }
    validators = newValidators
    noteSuccess(KeySetChange(from: keys, to: keys, changed: false), &effects)
    return .confirmed
  }

  private mutating func noteSuccess(_ difference: KeySetChange, _ effects: inout [Effect]) {
    dismissWaiters(.arrived, &effects)
    dismissRefreshers(.refreshed(difference), &effects)
    welcomeHopefuls(&effects)
  }

  private mutating func noteFailure(at now: MonotonicTime, _ effects: inout [Effect]) {
    guard let fault = machine.lastFailure?.fault else { return }
    changes.append(.failed(fault, consecutiveFailures: machine.consecutiveFailures))
    // If another fetch follows at once, it is the one to wait for.
    guard machine.inFlight == nil else { return }
    dismissWaiters(.failed(retryAfter: machine.retryAfter(at: now)), &effects)
    dismissRefreshers(.failed(fault), &effects)
  }

  // MARK: Those who wait

  mutating func dismissWaiters(_ outcome: KeyWaitOutcome, _ effects: inout [Effect]) {
    for (_, waiter) in waiters.sorted(by: { $0.key < $1.key }) {
      effects.append {
        waiter.alarm?.cancel()
        waiter.deliver(outcome)
      }
    }
    waiters = [:]
  }

  mutating func dismissRefreshers(_ report: RefreshReport, _ effects: inout [Effect]) {
    for refresher in refreshers.values { effects.append { refresher.resume(returning: report) } }
    refreshers = [:]
  }

  mutating func welcomeHopefuls(_ effects: inout [Effect]) {
    for hopeful in hopefuls.values { effects.append { hopeful.resume(returning: true) } }
    hopefuls = [:]
  }
}

extension KeySetChange {
  /// The difference between two sets; by default it is one.
  init(from before: KeySet?, to after: KeySet, changed: Bool = true) {
    let old = Self.kids(before)
    let new = Self.kids(after)
    self.init(
      keys: after.entries.count + after.leftOut, added: Self.sorted(new.subtracting(old)),
      removed: Self.sorted(old.subtracting(new)), changed: changed)
  }

  /// The keys' names as bytes, for that is how they are compared.
  private static func kids(_ set: KeySet?) -> Set<[UInt8]> {
    Set((set?.entries ?? []).compactMap { $0.kid.map { Array($0.utf8) } })
  }

  private static func sorted(_ kids: Set<[UInt8]>) -> [String] {
    kids.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
  }
}
