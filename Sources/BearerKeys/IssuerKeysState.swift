import BearerJOSE
import BearerTime

/// What ``IssuerKeys`` guards with its lock: the rules, the published set, and those who wait.
///
/// Each event is a method; what must happen after the lock is left is appended to `effects`.
struct IssuerKeysState: Sendable {
  /// Something to be done after the lock is left.
  typealias Effect = @Sendable () -> Void

  /// What the task has to do now.
  struct Step: Sendable {
    var orders: [FetchOrder]
    var changes: [IssuerKeysChange]
    /// When the task is to look again, if that has changed.
    var alarm: MonotonicTime??
  }

  /// What a fetch needs to know.
  struct FetchTask: Sendable {
    let source: any KeySource
    let previous: KeySet?
    let validators: FetchValidators?
  }

  /// The published set; another object after each change.
  private(set) var snapshot: KeySnapshot?
  private(set) var isShutDown = false
  var machine: RefreshStateMachine<KeySetWithBody>
  private var source: any KeySource
  /// How often the trusted source of keys has changed: until now, and until the provider last sent or confirmed the
  /// set.
  private var trustChanges = (now: 0, ofKeys: 0)
  var validators = FetchValidators()
  var jitter: JitterGenerator
  /// The outcome `nil` means that the wait was cancelled.
  var keyWaiters = Waiters<KeyWaitOutcome?>()
  var refreshWaiters = Waiters<RefreshReport>()
  var readinessWaiters = Waiters<Bool>()
  /// The claim of a fetch that waits for a permit.
  private(set) var queuedClaim: FetchConcurrency.Claim?
  private var orders: [FetchOrder] = []
  var changes: [IssuerKeysChange] = []
  /// When the task's alarm goes off.
  private var armedFor: MonotonicTime?
  private var announced = KeysHealth.empty

  init(settings: RefreshSettings, source: any KeySource, jitter: JitterGenerator) {
    machine = RefreshStateMachine(settings: settings)
    self.source = source
    self.jitter = jitter
  }

  /// Whether the task must be woken: there are orders or news for it, or its alarm is too late.
  ///
  /// An alarm that is too early does no harm, but waking the task for each request of a flood would.
  var needsTask: Bool {
    guard orders.isEmpty, changes.isEmpty else { return true }
    guard let wakeAt = machine.wakeAt else { return false }
    return armedFor.map { wakeAt < $0 } ?? true
  }

  /// The earliest deadline of a wait for a key.
  var nextWaitDeadline: MonotonicTime? { keyWaiters.nextDeadline }

  /// The facts of op `status`.
  func status(at now: MonotonicTime) -> IssuerKeysStatus {
    IssuerKeysStatus(machine, waiting: keyWaiters.count, refreshing: refreshWaiters.count, at: now)
  }

  // MARK: Events from outside

  /// The task begins.
  mutating func start(at now: MonotonicTime) {
    order(machine.start(at: now))
  }

  /// Puts a set in use that was kept, unless there is one.
  ///
  /// - Returns: Whether it was put in use.
  mutating func restore(
    with fetched: FetchedKeys, validatedAt: MonotonicTime, at now: MonotonicTime, _ effects: inout [Effect]
  ) -> Bool {
    let set = KeySetWithBody(keys: fetched.keys, body: fetched.body)
    guard machine.restore(set, validatedAt: validatedAt, headerLifetime: fetched.lifetime) else { return false }
    if let snapshot = renewSnapshot() { changes.append(.restored(snapshot)) }
    if machine.health(at: now).isUsable { Self.wake(readinessWaiters.removeAll(), true, &effects) }
    return true
  }

  /// The file that holds the keys changed.
  mutating func fileChanged(at now: MonotonicTime) {
    guard !isShutDown else { return }
    order(machine.fileChanged(at: now))
  }

  /// The configuration was reloaded.
  mutating func update(
    settings: RefreshSettings, source newSource: (any KeySource)?, trustChanged: Bool, at now: MonotonicTime
  ) {
    guard !isShutDown else { return }
    if let newSource {
      source = newSource
      // The old server's validators mean nothing to the new one.
      validators = FetchValidators()
    }
    if trustChanged { trustChanges.now += 1 }
    order(
      machine.settingsChanged(
        settings, sourceChanged: newSource != nil, trustChanged: trustChanged, at: now, jitter: &jitter))
    renewSnapshot()
  }

  /// Ends every wait.
  mutating func shutDown(_ effects: inout [Effect]) {
    guard !isShutDown else { return }
    isShutDown = true
    Self.wake(keyWaiters.removeAll(), .shuttingDown, &effects)
    Self.wake(refreshWaiters.removeAll(), .shuttingDown, &effects)
    Self.wake(readinessWaiters.removeAll(), false, &effects)
  }

  // MARK: The task's turn

  /// Tells the machine the time, and takes what there is to do.
  mutating func step(at now: MonotonicTime, _ effects: inout [Effect]) -> Step {
    if let wakeAt = machine.wakeAt, wakeAt <= now {
      let failuresBefore = machine.failures
      let next = machine.timerDue(at: now, jitter: &jitter)
      order(next)
      if machine.failures != failuresBefore { noteFailure(at: now, &effects) }
    }
    announceHealth(at: now)
    let alarmAt = nextAlarm(after: now)
    let step = Step(orders: orders, changes: changes, alarm: alarmAt == armedFor ? nil : .some(alarmAt))
    armedFor = alarmAt
    orders = []
    changes = []
    return step
  }

  /// The task's alarm has gone off.
  mutating func alarmWentOff() { armedFor = nil }

  /// What the fetch of an order needs.
  private func task(for order: FetchOrder) -> FetchTask {
    // Only a scheduled fetch may be answered with "unchanged". A provider that gives a new set an old ETag must not
    // hide a new key, nor keep a withdrawn one, once a token or an operator asks.
    FetchTask(
      source: source, previous: machine.held?.keys.keys, validators: order.cause == .schedule ? validators : nil)
  }

  /// The fetch of an order has to wait for a permit.
  ///
  /// - Returns: Whether somebody waits for it.
  mutating func fetchWaits(_ order: FetchOrder, by claim: FetchConcurrency.Claim) -> Bool {
    machine.fetchQueued(sequence: order.sequence)
    queuedClaim = claim
    return !keyWaiters.isEmpty || !refreshWaiters.isEmpty
  }

  /// The fetch of an order has its permit.
  ///
  /// - Returns: What it needs to know; `nil` if it is not wanted any more.
  mutating func fetchBegins(_ order: FetchOrder, by claim: FetchConcurrency.Claim, at now: MonotonicTime) -> FetchTask?
  {
    if queuedClaim == claim { queuedClaim = nil }
    guard !isShutDown, machine.fetchBegins(sequence: order.sequence, at: now) else { return nil }
    return task(for: order)
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

  // MARK: Steps

  mutating func order(_ order: FetchOrder?) {
    if let order { orders.append(order) }
  }

  @discardableResult
  mutating func renewSnapshot() -> KeySnapshot? {
    snapshot = machine.held.map { KeySnapshot($0, trustChanges: trustChanges.ofKeys) }
    return snapshot
  }

  /// The provider has sent or confirmed the set in use.
  mutating func renewValidatedSnapshot() -> KeySnapshot? {
    trustChanges.ofKeys = trustChanges.now
    return renewSnapshot()
  }
}
