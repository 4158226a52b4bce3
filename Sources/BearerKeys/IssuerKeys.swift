import Synchronization

// The one owner of an issuer's keys. Readers take the published snapshot under a lock of its own that is held for a
// retain, so they never wait for a refresh, a parse or a callback. All rules are in RefreshStateMachine; this class
// gives it events, performs what it orders, and tells those who wait. Callbacks run after the lock is left.

/// One issuer's keys: read by every verification, refreshed by one task.
package final class IssuerKeys: Sendable {
  private let clock: any RefreshClock
  private let onChange: @Sendable (IssuerKeysChange) -> Void
  private let published = Mutex<KeySnapshot?>(nil)
  private let state: Mutex<IssuerKeysState>
  private let wakeups: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  /// The keys of an issuer that has none yet; nothing happens before ``run()`` or ``seed(with:age:)``.
  ///
  /// - Parameters:
  ///   - settings: When to refresh, and the bounds of waiting and of use.
  ///   - source: Where keys come from.
  ///   - clock: Time and alarms.
  ///   - jitter: Chance.
  ///   - onChange: Called by the task of ``run()``, one change after the other, outside of locks. It may block
  ///     briefly: fetches are under way by then, and requests do not wait for it.
  package init(
    settings: RefreshSettings, source: any KeySource, clock: any RefreshClock = SystemRefreshClock(),
    jitter: JitterGenerator = JitterGenerator(), onChange: @escaping @Sendable (IssuerKeysChange) -> Void = { _ in }
  ) {
    self.clock = clock
    self.onChange = onChange
    state = Mutex(IssuerKeysState(settings: settings, source: source, jitter: jitter))
    (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  // MARK: Reading

  /// The set that verdicts rest on, which may be stale or expired; `nil` before the first.
  package var snapshot: KeySnapshot? {
    published.withLock(\.self)
  }

  /// What op `status` tells.
  package func status(at now: MonotonicTime) -> IssuerKeysStatus {
    state.withLock {
      IssuerKeysStatus($0.machine, waiting: $0.waiters.count, refreshing: $0.refreshers.count, at: now)
    }
  }

  /// How far the keys can be trusted at `now`.
  package func health(at now: MonotonicTime) -> KeysHealth {
    snapshot?.state(at: now) ?? .empty
  }

  /// The present moment, by the clock that the keys' waits are measured with.
  package var now: MonotonicTime { clock.now }

  // MARK: Asking

  /// Asks for a key that is not in the snapshot, or for any while there is no usable snapshot.
  ///
  /// Never blocks. A token that is bad for another reason must not come here: what is asked may cost a fetch.
  ///
  /// - Parameters:
  ///   - kid: What the token's header names, if it names one.
  ///   - generation: The generation of the usable snapshot that was looked into; `nil` if there was none.
  ///   - now: The present moment.
  ///   - waitAtMost: What is left of the request's own deadline; `key_wait` bounds it further. Zero never waits.
  ///   - deliver: Called once, unless the wait is cancelled, and only if the decision is to wait; from any thread,
  ///     outside of locks, perhaps before this method returns. After ``KeyWaitOutcome/arrived``, look again, and if
  ///     the key is still missing, ask again: the decision will then be about this attempt.
  /// - Returns: The decision; only ``KeyRequestDecision/waiting(_:)`` leaves anything to come.
  package func requestKey(
    kid: [UInt8]?, notIn generation: UInt64?, now: MonotonicTime, waitAtMost: Duration,
    deliver: @escaping @Sendable (KeyWaitOutcome) -> Void
  ) -> KeyRequestDecision {
    let fingerprint = KidFingerprint(kid)
    let (answer, place, wait) = change { state, _ -> (KeyAnswer?, UInt64, Duration) in
      guard !state.isShutDown else { return (nil, 0, .zero) }
      let settings = state.machine.settings
      let wait = min(waitAtMost, settings.keyWait)
      let mayWait = wait > .zero && state.waiters.count < settings.waitingPerIssuer
      let (answer, next) = state.machine.keyAsked(fingerprint, notIn: generation, mayWait: mayWait, at: now)
      state.order(next)
      return (answer, answer == .wait ? state.addWaiter(deliver) : 0, wait)
    }
    switch answer {
    case .lookAgain: return .lookAgain
    case .unknownKey: return .unknownKey
    case .unavailable(let retryAfter): return .unavailable(retryAfter: retryAfter)
    case .wait: return .waiting(armed(place, until: now + wait))
    case nil: return .shuttingDown
    }
  }

  /// Refreshes now, for an operator: joins a fetch under way, and starts one at most every 10 s.
  ///
  /// A cancelled task does not wait for the fetch, which goes on: who asks and goes must leave nothing behind.
  ///
  /// - Returns: The outcome; ``RefreshReport/shuttingDown`` also to a task that is cancelled.
  package func refresh() async -> RefreshReport {
    let place = state.withLock { $0.newPlace() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<RefreshReport, Never>) in
        let now = clock.now
        change { state, effects in
          // Read under the lock: a cancellation that comes later finds the place taken and frees it.
          guard !state.isShutDown, !Task.isCancelled else {
            effects.append { continuation.resume(returning: .shuttingDown) }
            return
          }
          let (answer, next) = state.machine.refreshAsked(at: now)
          state.order(next)
          switch answer {
          case .wait: state.refreshers[place] = continuation
          case .limited(let left): effects.append { continuation.resume(returning: .limited(retryAfter: left)) }
          }
        }
      }
    } onCancel: {
      let continuation = state.withLock { $0.refreshers.removeValue(forKey: place) }
      continuation?.resume(returning: .shuttingDown)
    }
  }

  /// Waits until there are usable keys.
  ///
  /// - Returns: False if the wait was cancelled or the daemon stops first.
  package func waitUntilHasKeys() async -> Bool {
    let place = state.withLock { $0.newPlace() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
        let now = clock.now
        change { state, effects in
          let hasKeys = state.machine.health(at: now).isUsable
          // Read under the lock: a cancellation that comes later finds the place taken and frees it.
          if hasKeys || state.isShutDown || Task.isCancelled {
            effects.append { continuation.resume(returning: hasKeys) }
          } else {
            state.hopefuls[place] = continuation
          }
        }
      }
    } onCancel: {
      let continuation = state.withLock { $0.hopefuls.removeValue(forKey: place) }
      continuation?.resume(returning: false)
    }
  }

  // MARK: Events from outside

  /// Puts a set in use that was kept on disk, unless there is one already; its `age` counts as if it had run on here.
  ///
  /// - Returns: Whether it was put in use; it may be stale or expired by its age all the same.
  @discardableResult
  package func seed(with fetched: FetchedKeys, age: Duration) -> Bool {
    let now = clock.now
    let validatedAt = now - max(age, .zero)
    return change { state, effects in
      let material = KeyMaterial(keys: fetched.keys, body: fetched.body)
      guard state.machine.seed(material, validatedAt: validatedAt, headerLifetime: fetched.lifetime) else {
        return false
      }
      if let snapshot = publish(state) { state.changes.append(.seeded(snapshot)) }
      if state.machine.health(at: now).isUsable { state.welcomeHopefuls(&effects) }
      return true
    }
  }

  /// Notes that the file which holds the keys changed, and reads it again.
  package func fileChanged() {
    let now = clock.now
    change { state, _ in
      guard !state.isShutDown else { return }
      state.order(state.machine.fileChanged(at: now))
    }
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
  package func update(settings: RefreshSettings, source: (any KeySource)? = nil) {
    let now = clock.now
    change { state, _ in
      guard !state.isShutDown else { return }
      if let source {
        state.source = source
        // What one server calls unchanged need not be what the other has.
        state.validators = FetchValidators()
      }
      let next = state.machine.settingsChanged(
        settings, sourceChanged: source != nil, at: now, jitter: &state.jitter)
      state.order(next)
      _ = publish(state)
    }
    // The bounds may have come nearer than the alarm.
    wake.yield()
  }

  /// Ends every wait with "shutting down", and ``run()``.
  package func shutDown() {
    change { state, effects in
      guard !state.isShutDown else { return }
      state.isShutDown = true
      state.dismissWaiters(.shuttingDown, &effects)
      state.dismissRefreshers(.shuttingDown, &effects)
      for hopeful in state.hopefuls.values { effects.append { hopeful.resume(returning: false) } }
      state.hopefuls = [:]
    }
    wake.finish()
  }

  // MARK: The one task

  /// Keeps the keys: performs what the rules order, until it is cancelled or ``shutDown()``; to be called once.
  package func run() async {
    let startedAt = clock.now
    change { state, _ in state.order(state.machine.start(at: startedAt)) }
    await withDiscardingTaskGroup { group in
      var alarm: ScheduledAlarm?
      for await _ in wakeups {
        let now = clock.now
        let step = change { state, effects in state.step(at: now, &effects) }
        for order in step.orders { group.addTask { await self.perform(order) } }
        if step.rearms {
          alarm?.cancel()
          alarm = step.alarmAt.map { deadline in clock.schedule(at: deadline) { [weak self] in self?.alarmWentOff() } }
        }
        for change in step.changes { onChange(change) }
      }
      alarm?.cancel()
      shutDown()
      group.cancelAll()
    }
  }

  private func alarmWentOff() {
    state.withLock { $0.armedFor = nil }
    wake.yield()
  }

  private func perform(_ order: FetchOrder) async {
    let (source, previous, validators) = state.withLock { state in
      // Only a fetch that nothing calls for may be told "unchanged": a provider that gives another set an old ETag must
      // not keep a new key out, nor a withdrawn one in, once a token or an operator asks.
      (state.source, state.machine.held?.keys.keys, order.cause == .schedule ? state.validators : nil)
    }
    if order.cause == .request { source.lookAnew(pastCaches: true) }
    let result = await source.fetch(previous: previous, validators: validators)
    let now = clock.now
    change { state, effects in
      switch state.finish(order, result, at: now, &effects) {
      case .replaced(let difference):
        if let snapshot = publish(state) { state.changes.append(.replaced(snapshot, difference)) }
      case .confirmed:
        // The kid that was asked for may be where the keys have moved to.
        if order.cause == .unknownKey { source.lookAnew(pastCaches: false) }
        if let snapshot = publish(state) { state.changes.append(.confirmed(snapshot)) }
      case .nothing: break
      }
    }
  }

  // MARK: Steps

  /// Changes the state, wakes the task if that gave it something to do, and then performs the effects.
  @discardableResult
  private func change<Outcome: Sendable>(
    _ body: (inout IssuerKeysState, inout [IssuerKeysState.Effect]) -> Outcome
  ) -> Outcome {
    let (outcome, effects, needsTask) = state.withLock { state in
      var effects: [IssuerKeysState.Effect] = []
      let outcome = body(&state, &effects)
      return (outcome, effects, state.needsTask)
    }
    if needsTask { wake.yield() }
    for effect in effects { effect() }
    return outcome
  }

  /// Publishes the set in use; within the state's lock, so that snapshots appear in order, and before any effect.
  private func publish(_ state: IssuerKeysState) -> KeySnapshot? {
    guard let held = state.machine.held else { return nil }
    let snapshot = KeySnapshot(held)
    published.withLock { $0 = snapshot }
    return snapshot
  }

  private func armed(_ place: UInt64, until deadline: MonotonicTime) -> KeyWait {
    let alarm = clock.schedule(at: deadline) { [weak self] in self?.timeOut(place) }
    let isOver = state.withLock { state in
      guard state.waiters[place] != nil else { return true }
      state.waiters[place]?.alarm = alarm
      return false
    }
    if isOver { alarm.cancel() }
    return KeyWait { [weak self] in
      self?.state.withLock { $0.waiters.removeValue(forKey: place) }?.alarm?.cancel()
    }
  }

  private func timeOut(_ place: UInt64) {
    let now = clock.now
    change { state, effects in
      guard let waiter = state.waiters.removeValue(forKey: place) else { return }
      let retryAfter = state.machine.retryAfter(at: now)
      effects.append { waiter.deliver(.timedOut(retryAfter: retryAfter)) }
    }
  }
}
