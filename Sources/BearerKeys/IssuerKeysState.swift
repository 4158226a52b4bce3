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
    /// When the task is to look again, if that is another time than before.
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
  private var machine: RefreshStateMachine<KeySetWithBody>
  private var source: any KeySource
  private var validators = FetchValidators()
  private var jitter: JitterGenerator
  /// `nil` tells that the wait was cancelled.
  private var keyWaiters = Waiters<KeyWaitOutcome?>()
  private var refreshWaiters = Waiters<RefreshReport>()
  private var readinessWaiters = Waiters<Bool>()
  /// What a fetch waits by for its place.
  private(set) var queuedClaim: FetchPlaces.Claim?
  private var orders: [FetchOrder] = []
  private var changes: [IssuerKeysChange] = []
  /// When the task's alarm goes off.
  private var armedFor: MonotonicTime?
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

  /// The earliest deadline of a wait for a key.
  var nextWaitDeadline: MonotonicTime? { keyWaiters.nextDeadline }

  /// What op `status` tells.
  func status(at now: MonotonicTime) -> IssuerKeysStatus {
    IssuerKeysStatus(machine, waiting: keyWaiters.count, refreshing: refreshWaiters.count, at: now)
  }

  // MARK: Asking

  /// A token asks for a key that is not in the published set.
  ///
  /// - Parameters:
  ///   - kid: What the token names.
  ///   - generation: The set that was looked into.
  ///   - now: The present moment.
  ///   - waitAtMost: How long it may wait; `key_wait` bounds it further.
  ///   - enter: Asks for room to wait, at the place that is reserved; what wakes the request if there is.
  /// - Returns: What the token is told, and its place if it waits; `nil` if the daemon stops.
  mutating func askForKey(
    _ kid: KidFingerprint, notIn generation: UInt64?, at now: MonotonicTime, waitAtMost: Duration,
    enter: (Waiters<KeyWaitOutcome?>.Place) -> Waiters<KeyWaitOutcome?>.WakeUp?
  ) -> (answer: KeyAnswer, place: Waiters<KeyWaitOutcome?>.Place?)? {
    guard !isShutDown else { return nil }
    let wait = min(waitAtMost, machine.settings.keyWait)
    let (answer, next) = machine.keyAsked(kid, notIn: generation, mayWait: wait > .zero, at: now)
    order(next)
    guard answer == .wait else { return (answer, nil) }
    let place = keyWaiters.reserve()
    guard let wakeUp = enter(place) else { return (.unavailable(retryAfter: machine.retryAfter(at: now)), nil) }
    keyWaiters.begin(at: place, until: now + wait, wakeUp)
    return (.wait, place)
  }

  /// Ends the wait of a request that is answered otherwise or not at all.
  ///
  /// - Returns: What gives its room back; `nil` if the wait is over.
  mutating func cancelKeyWait(_ place: Waiters<KeyWaitOutcome?>.Place) -> Waiters<KeyWaitOutcome?>.WakeUp? {
    keyWaiters.remove(place)
  }

  /// Ends the wait of a request that makes room for another.
  mutating func displaceKeyWait(
    _ place: Waiters<KeyWaitOutcome?>.Place, at now: MonotonicTime, _ effects: inout [Effect]
  ) {
    guard let wakeUp = keyWaiters.remove(place) else { return }
    Self.wake([wakeUp], .failed(retryAfter: machine.retryAfter(at: now)), &effects)
  }

  /// Ends the waits for keys whose time is over.
  mutating func endDueKeyWaits(at now: MonotonicTime, _ effects: inout [Effect]) {
    let wakeUps = keyWaiters.removeDue(at: now)
    if wakeUps.isEmpty { return }
    Self.wake(wakeUps, .timedOut(retryAfter: machine.retryAfter(at: now)), &effects)
  }

  /// A place for a refresh that may be waited for.
  mutating func reserveRefresh() -> Waiters<RefreshReport>.Place { refreshWaiters.reserve() }

  /// An operator asks for a refresh.
  ///
  /// - Returns: The outcome; `nil` if it waits at `place`.
  mutating func askForRefresh(
    at now: MonotonicTime, place: Waiters<RefreshReport>.Place, _ wakeUp: @escaping Waiters<RefreshReport>.WakeUp
  ) -> RefreshReport? {
    guard !isShutDown else { return .shuttingDown }
    let (answer, next) = machine.refreshAsked(at: now)
    order(next)
    switch answer {
    case .limited(let left): return .limited(retryAfter: left)
    case .wait:
      refreshWaiters.begin(at: place, wakeUp)
      return nil
    }
  }

  /// Ends the wait for a refresh.
  mutating func cancelRefresh(_ place: Waiters<RefreshReport>.Place) -> Waiters<RefreshReport>.WakeUp? {
    refreshWaiters.remove(place)
  }

  /// A place for a wait for usable keys.
  mutating func reserveReadiness() -> Waiters<Bool>.Place { readinessWaiters.reserve() }

  /// Somebody waits until there are usable keys.
  ///
  /// - Returns: Whether there are; `nil` if it waits at `place`.
  mutating func askForReadiness(
    at now: MonotonicTime, place: Waiters<Bool>.Place, _ wakeUp: @escaping Waiters<Bool>.WakeUp
  ) -> Bool? {
    if machine.health(at: now).isUsable { return true }
    if isShutDown { return false }
    readinessWaiters.begin(at: place, wakeUp)
    return nil
  }

  /// Ends the wait for usable keys.
  mutating func cancelReadiness(_ place: Waiters<Bool>.Place) -> Waiters<Bool>.WakeUp? {
    readinessWaiters.remove(place)
  }

  // MARK: Events from outside

  /// The task begins.
  mutating func start(at now: MonotonicTime) {
    order(machine.start(at: now))
  }

  /// Puts a set in use that was kept, unless there is one.
  ///
  /// - Returns: Whether it was put in use.
  mutating func seed(
    with fetched: FetchedKeys, validatedAt: MonotonicTime, at now: MonotonicTime, _ effects: inout [Effect]
  ) -> Bool {
    let set = KeySetWithBody(keys: fetched.keys, body: fetched.body)
    guard machine.seed(set, validatedAt: validatedAt, headerLifetime: fetched.lifetime) else { return false }
    if let snapshot = renewSnapshot() { changes.append(.seeded(snapshot)) }
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
      // What one server calls unchanged need not be what the other has.
      validators = FetchValidators()
    }
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
    // Only a fetch that nothing calls for may be told "unchanged": a provider that gives another set an old ETag must
    // not keep a new key out, nor a withdrawn one in, once a token or an operator asks.
    FetchTask(
      source: source, previous: machine.held?.keys.keys, validators: order.cause == .schedule ? validators : nil)
  }

  /// The fetch of an order has to wait for a place.
  ///
  /// - Returns: Whether somebody waits for it.
  mutating func fetchWaits(_ order: FetchOrder, by claim: FetchPlaces.Claim) -> Bool {
    machine.fetchQueued(sequence: order.sequence)
    queuedClaim = claim
    return !keyWaiters.isEmpty || !refreshWaiters.isEmpty
  }

  /// The fetch of an order has its place.
  ///
  /// - Returns: What it needs to know; `nil` if it is not wanted any more.
  mutating func fetchBegins(_ order: FetchOrder, by claim: FetchPlaces.Claim, at now: MonotonicTime) -> FetchTask? {
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

  // MARK: The end of a fetch

  /// Gives the machine the outcome of a fetch and, if it counts, tells those who waited for it.
  ///
  /// - Returns: Whether the provider said that the set in use is still the one.
  mutating func finish(
    _ order: FetchOrder, _ result: Result<FetchOutcome, FetchFault>, at now: MonotonicTime, _ effects: inout [Effect]
  ) -> Bool {
    guard !isShutDown else { return false }
    switch result {
    case .success(.keys(let fetched)) where fetched.body != machine.held?.keys.body:
      replace(with: fetched, order, at: now, &effects)
      return false
    // A provider without ETag sends what it sent before: the set stays, and with it all facts that rest on it.
    case .success(.keys(let fetched)):
      return confirm(fetched.lifetime, fetched.validators, order, at: now, &effects)
    // RFC 9111 section 4.3.4: what a 304 does not repeat stays as it was.
    case .success(.unchanged(let lifetime, let validators)):
      return confirm(lifetime ?? machine.held?.headerLifetime, validators, order, at: now, &effects)
    case .failure(let fault):
      let (counted, next) = machine.failed(fault, sequence: order.sequence, at: now, jitter: &jitter)
      self.order(next)
      if counted { noteFailure(at: now, &effects) }
      return false
    }
  }

  private mutating func replace(
    with fetched: FetchedKeys, _ order: FetchOrder, at now: MonotonicTime, _ effects: inout [Effect]
  ) {
    let before = machine.held?.keys.keys
    let (counted, next) = machine.fetched(
      KeySetWithBody(keys: fetched.keys, body: fetched.body), sequence: order.sequence,
      headerLifetime: fetched.lifetime, at: now, jitter: &jitter)
    self.order(next)
    guard counted else { return }
    validators = fetched.validators
    let difference = KeySetChange(from: before, to: fetched.keys)
    // Not after a refresh on schedule: a provider whose servers are not all as new must not have keys refused for long.
    if order.cause == .unknownKey {
      machine.kidsRemoved(difference.removed.map { KidFingerprint(Array($0.utf8)) }, at: now, jitter: &jitter)
    }
    if let snapshot = renewSnapshot() { changes.append(.replaced(snapshot, difference)) }
    noteSuccess(difference, &effects)
  }

  private mutating func confirm(
    _ lifetime: Duration?, _ newValidators: FetchValidators, _ order: FetchOrder, at now: MonotonicTime,
    _ effects: inout [Effect]
  ) -> Bool {
    let (counted, next) = machine.confirmed(
      sequence: order.sequence, headerLifetime: lifetime, at: now, jitter: &jitter)
    self.order(next)
    guard counted else { return false }
    guard let keys = machine.held?.keys.keys, let snapshot = renewSnapshot() else {
      noteFailure(at: now, &effects)
      return false
    }
    validators = newValidators
    changes.append(.confirmed(snapshot))
    noteSuccess(KeySetChange(from: keys, to: keys, changed: false), &effects)
    return true
  }

  private mutating func noteSuccess(_ difference: KeySetChange, _ effects: inout [Effect]) {
    Self.wake(keyWaiters.removeAll(), .arrived, &effects)
    Self.wake(refreshWaiters.removeAll(), .refreshed(difference), &effects)
    Self.wake(readinessWaiters.removeAll(), true, &effects)
  }

  private mutating func noteFailure(at now: MonotonicTime, _ effects: inout [Effect]) {
    guard let fault = machine.lastFailure?.fault else { return }
    changes.append(.failed(fault, consecutiveFailures: machine.consecutiveFailures))
    // If another fetch follows at once, it is the one to wait for.
    guard machine.inFlight == nil else { return }
    Self.wake(keyWaiters.removeAll(), .failed(retryAfter: machine.retryAfter(at: now)), &effects)
    Self.wake(refreshWaiters.removeAll(), .failed(fault), &effects)
  }

  // MARK: Steps

  private mutating func order(_ order: FetchOrder?) {
    if let order { orders.append(order) }
  }

  @discardableResult
  private mutating func renewSnapshot() -> KeySnapshot? {
    snapshot = machine.held.map(KeySnapshot.init)
    return snapshot
  }

  private static func wake<Outcome>(
    _ wakeUps: [Waiters<Outcome>.WakeUp], _ outcome: Outcome, _ effects: inout [Effect]
  ) {
    if wakeUps.isEmpty { return }
    effects.append { for wakeUp in wakeUps { wakeUp(outcome) } }
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
