package import BearerTime
import Synchronization

// The one owner of an issuer's keys. Readers take the published snapshot under a lock of its own that is held for a
// retain, so they never wait for a refresh, a parse or a callback. All rules are in RefreshStateMachine; this class
// gives it events, performs what it orders, and tells those who wait. Callbacks run after the lock is left.

/// One issuer's keys: read by every verification, refreshed by one task.
package final class IssuerKeys: Sendable {
  private let clock: any AlarmClock
  private let fetchConcurrency: FetchConcurrency
  private let room: WaitingRoom
  private let publications: KeyPublications
  private let onChange: @Sendable (IssuerKeysChange) -> Void
  private let published = Mutex<KeySnapshot?>(nil)
  private let state: Mutex<IssuerKeysState>
  private let waitAlarm: EarliestAlarm
  private let wakeups: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  /// The keys of an issuer that has none yet; nothing happens before ``run()`` or ``restore(with:age:)``.
  ///
  /// - Parameters:
  ///   - settings: When to refresh, and the bounds of waiting and of use.
  ///   - source: Where keys come from.
  ///   - clock: Time and alarms.
  ///   - fetchConcurrency: Bounds the fetches of all issuers together.
  ///   - room: Bounds the memory of the requests that wait for keys, those of all issuers together.
  ///   - publications: Counts the sets that come into use, those of all issuers together.
  ///   - jitter: Random numbers.
  ///   - onChange: Called by the task of ``run()``, one change after the other, outside of locks. It may block
  ///     briefly: fetches are under way by then, and requests do not wait for it.
  package init(
    settings: RefreshSettings, source: any KeySource, clock: any AlarmClock = SystemAlarmClock(),
    fetchConcurrency: FetchConcurrency = FetchConcurrency(), room: WaitingRoom = WaitingRoom(),
    publications: KeyPublications = KeyPublications(), jitter: JitterGenerator = JitterGenerator(),
    onChange: @escaping @Sendable (IssuerKeysChange) -> Void = { _ in }
  ) {
    self.clock = clock
    self.fetchConcurrency = fetchConcurrency
    self.room = room
    self.publications = publications
    self.onChange = onChange
    state = Mutex(IssuerKeysState(settings: settings, source: source, jitter: jitter))
    waitAlarm = EarliestAlarm(clock: clock)
    (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  // MARK: Reading

  /// The set that verdicts rest on, which may be stale or expired; `nil` before the first.
  package var snapshot: KeySnapshot? {
    published.withLock(\.self)
  }

  /// The facts of op `status`.
  package func status(at now: MonotonicTime) -> IssuerKeysStatus {
    state.withLock { $0.status(at: now) }
  }

  /// How far the keys can be trusted at `now`.
  package func health(at now: MonotonicTime) -> KeysHealth {
    snapshot?.state(at: now) ?? .empty
  }

  /// Until when verdicts may rest on the present set; `distantPast` without one.
  package var usableUntil: MonotonicTime {
    guard let snapshot else { return .distantPast }
    return snapshot.usableUntil ?? .distantFuture
  }

  /// The present moment, by the clock that the keys' waits are measured with.
  package var now: MonotonicTime { clock.now }

  // MARK: Asking

  /// Asks for a key that is not in the snapshot, or for any while there is no usable snapshot.
  ///
  /// Never blocks. A token that is bad for another reason must not come here, because asking may cost a fetch.
  ///
  /// - Parameters:
  ///   - kid: What the token's header names, if it names one.
  ///   - generation: The generation of the usable snapshot that was looked into; `nil` if there was none.
  ///   - now: The present moment.
  ///   - waitAtMost: What is left of the request's own deadline; `key_wait` bounds it further. Zero never waits.
  ///   - wait: Who asks, and what the request keeps while it waits.
  ///   - wakeUp: Called once, unless the wait is cancelled, and only if the decision is to wait; from any thread,
  ///     outside of locks, perhaps before this method returns. It must do no more than pass the outcome on. After
  ///     ``KeyWaitOutcome/arrived``, look again, and if the key is still missing, ask again: the decision will then be
  ///     about this attempt.
  /// - Returns: The decision; `wakeUp` is called only after ``KeyRequestDecision/waiting(_:)``.
  package func requestKey(
    kid: [UInt8]?, notIn generation: UInt64?, now: MonotonicTime, waitAtMost: Duration,
    wait: WaitingRoom.Wait, wakeUp: @escaping @Sendable (KeyWaitOutcome) -> Void
  ) -> KeyRequestDecision {
    let fingerprint = KidFingerprint(kid)
    let subject = WaitingRoom.Subject(issuer: ObjectIdentifier(self), kid: generation == nil ? nil : fingerprint)
    let (asked, isWithoutRoom, queuedClaim) = change { state, effects in
      var isWithoutRoom = false
      let asked = state.askForKey(fingerprint, notIn: generation, at: now, waitAtMost: waitAtMost) { id in
        let seat = room.seat(wait, for: subject, displace: { [weak self] in self?.displace(id) }, wakeUp)
        effects += seat.displaced
        isWithoutRoom = seat.isWithoutRoom
        return seat.wakeUp
      }
      return (asked, isWithoutRoom, asked?.id == nil ? nil : state.queuedClaim)
    }
    if let queuedClaim { fetchConcurrency.hurry(queuedClaim) }
    guard let asked else { return .shuttingDown }
    switch asked.answer {
    case .lookAgain: return .lookAgain
    case .unknownKey: return .unknownKey
    case .unavailable(let retryAfter): return .unavailable(retryAfter: retryAfter)
    case .wait:
      return .waiting(
        WaitHandle(isWithoutRoom: isWithoutRoom) { [weak self] in if let id = asked.id { self?.cancel(id) } })
    }
  }

  /// Refreshes now, for an operator: joins a fetch under way, and starts one at most every 10 s.
  ///
  /// A cancelled task stops waiting, but the fetch goes on.
  ///
  /// - Returns: The outcome; ``RefreshReport/shuttingDown`` also to a task that is cancelled.
  package func refresh() async -> RefreshReport {
    let id = state.withLock { $0.reserveRefresh() }
    return await wait(ifCancelled: .shuttingDown) { state, wakeUp in
      state.askForRefresh(at: self.clock.now, id: id, wakeUp)
    } cancel: { state in
      state.cancelRefresh(id)
    }
  }

  /// Waits until there are usable keys.
  ///
  /// - Returns: False if the wait was cancelled or the daemon stopped first.
  package func waitUntilHasKeys() async -> Bool {
    let id = state.withLock { $0.reserveReadiness() }
    return await wait(ifCancelled: false) { state, wakeUp in
      state.askForReadiness(at: self.clock.now, id: id, wakeUp)
    } cancel: { state in
      state.cancelReadiness(id)
    }
  }

  /// Bridges a wait to a task: asks, and waits for the wake-up if there is no outcome yet.
  private func wait<Outcome: Sendable>(
    ifCancelled outcomeOfCancelled: Outcome,
    ask: (inout IssuerKeysState, @escaping Waiters<Outcome>.WakeUp) -> Outcome?,
    cancel: @Sendable (inout IssuerKeysState) -> Waiters<Outcome>.WakeUp?
  ) async -> Outcome {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
        let outcome = change { state, _ -> Outcome? in
          // Read under the lock: a cancellation that comes later finds the wait and ends it.
          Task.isCancelled ? outcomeOfCancelled : ask(&state) { continuation.resume(returning: $0) }
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      let wakeUp = state.withLock { cancel(&$0) }
      wakeUp?(outcomeOfCancelled)
    }
  }

  // MARK: Events from outside

  /// Puts a set from the disk in use, unless there is one already; its `age` counts as if it had run on here.
  ///
  /// - Returns: Whether it was put in use; its age may make it stale or expired all the same.
  @discardableResult
  package func restore(with fetched: FetchedKeys, age: Duration) -> Bool {
    let now = clock.now
    let validatedAt = now - max(age, .zero)
    return change { state, effects in state.restore(with: fetched, validatedAt: validatedAt, at: now, &effects) }
  }

  /// Notes that the file which holds the keys changed, and reads it again.
  package func fileChanged() {
    let now = clock.now
    change { state, _ in state.fileChanged(at: now) }
  }

  /// Takes the settings of a reloaded configuration; keys stay in use as far as the new bounds allow.
  ///
  /// For an issuer that is still the same: one whose `url`, `jwks_uri`, `jwks_file` or `algorithms` changed needs an
  /// object of its own.
  ///
  /// - Parameters:
  ///   - settings: The new settings.
  ///   - source: The new way to the same keys, if that changed; it is tried at once, and an answer that is still
  ///     under way on the old one no longer counts.
  ///   - trustChanged: Whether the operator now trusts another source of keys: those in use go at the next success, or
  ///     within a minute.
  package func update(settings: RefreshSettings, source: (any KeySource)? = nil, trustChanged: Bool = false) {
    let now = clock.now
    change { state, _ in state.update(settings: settings, source: source, trustChanged: trustChanged, at: now) }
    // The new settings may expire keys before the current alarm: re-arm it.
    wake.yield()
  }

  /// Ends every wait with "shutting down", and ``run()``.
  package func shutDown() {
    change { state, effects in state.shutDown(&effects) }
    wake.finish()
  }

  // MARK: The one task

  /// Keeps the keys: performs what the rules order, until it is cancelled or ``shutDown()``; to be called once.
  package func run() async {
    let startedAt = clock.now
    change { state, _ in state.start(at: startedAt) }
    await withDiscardingTaskGroup { group in
      var alarm: ScheduledAlarm?
      for await _ in wakeups {
        let now = clock.now
        let step = change { state, effects in state.step(at: now, &effects) }
        for order in step.orders { group.addTask { await self.perform(order) } }
        if let alarmAt = step.alarm {
          alarm?.cancel()
          alarm = alarmAt.map { deadline in clock.schedule(at: deadline) { [weak self] in self?.alarmWentOff() } }
        }
        for change in step.changes { onChange(change) }
      }
      alarm?.cancel()
      shutDown()
      group.cancelAll()
    }
  }

  private func alarmWentOff() {
    state.withLock { $0.alarmWentOff() }
    wake.yield()
  }

  private func perform(_ order: FetchOrder) async {
    let claim = fetchConcurrency.makeClaim()
    let isTaken = await fetchConcurrency.take(claim) { state.withLock { $0.fetchWaits(order, by: claim) } }
    guard isTaken else { return }
    defer { fetchConcurrency.release() }
    let begunAt = clock.now
    guard let task = change({ state, _ in state.fetchBegins(order, by: claim, at: begunAt) }) else { return }
    if order.cause == .request { task.source.forgetDiscovery() }
    if order.goesPastCaches { task.source.bypassCaches() }
    let result = await task.source.fetch(previous: task.previous, validators: task.validators)
    // A fetch that was cancelled says nothing of the provider, and those who wait are told that the daemon stops.
    guard !Task.isCancelled else { return }
    let now = clock.now
    change { state, effects in
      // The keys may have moved to another address. Forget the old one before anybody can ask for the kid again.
      if state.finish(order, result, at: now, &effects), order.cause.isForUnknownKey { task.source.forgetDiscovery() }
    }
  }

  // MARK: Steps

  private func cancel(_ id: Waiters<KeyWaitOutcome?>.ID) {
    change { state, _ in state.cancelKeyWait(id) }?(nil)
  }

  private func displace(_ id: Waiters<KeyWaitOutcome?>.ID) {
    let now = clock.now
    change { state, effects in state.displaceKeyWait(id, at: now, &effects) }
  }

  /// Changes the state and publishes its set, wakes the task if that gave it something to do, and then performs the
  /// effects.
  ///
  /// The set is published within the state's lock, so that snapshots appear in order, and before any effect.
  @discardableResult
  private func change<Outcome: Sendable>(
    _ body: (inout IssuerKeysState, inout [IssuerKeysState.Effect]) -> Outcome
  ) -> Outcome {
    let (outcome, effects, needsTask) = state.withLock { state in
      var effects: [IssuerKeysState.Effect] = []
      let before = state.snapshot
      let outcome = body(&state, &effects)
      if state.snapshot !== before {
        published.withLock { $0 = state.snapshot }
        publications.add()
      }
      return (outcome, effects, state.needsTask)
    }
    waitAlarm.follow {
      state.withLock(\.nextWaitDeadline)
    } _: { [weak self] in
      self?.endDueKeyWaits()
    }
    if needsTask { wake.yield() }
    for effect in effects { effect() }
    return outcome
  }

  private func endDueKeyWaits() {
    let now = clock.now
    change { state, effects in state.endDueKeyWaits(at: now, &effects) }
  }
}
