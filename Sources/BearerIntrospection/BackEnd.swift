package import BearerKeys
package import BearerTime
import Synchronization

/// One issuer's back-end: every event loop asks it, and one task makes the calls.
package final class BackEnd: Sendable {
  /// The kind of back-end.
  package let kind: BackEndKind
  private let source: any TokenStatusSource
  private let clock: any AlarmClock
  private let room: WaitingRoom
  private let onChange: @Sendable (BackEndChange) -> Void
  private let state: Mutex<BackEndState>
  private let waitAlarm: EarliestAlarm
  private let orders: AsyncStream<BackEndState.Order>
  private let order: AsyncStream<BackEndState.Order>.Continuation

  /// A back-end that nothing is known of yet; calls are made by ``run()``.
  ///
  /// - Parameters:
  ///   - kind: The kind of back-end.
  ///   - settings: How it may be asked, and how long its answers count.
  ///   - source: Makes the calls.
  ///   - clock: Time and alarms.
  ///   - room: Bounds the memory of requests that wait, those for keys included.
  ///   - jitter: Random numbers.
  ///   - onChange: Called for each change, on any thread, outside of locks; it must not block.
  package init(
    kind: BackEndKind, settings: BackEndSettings, source: any TokenStatusSource,
    clock: any AlarmClock = SystemAlarmClock(), room: WaitingRoom = WaitingRoom(),
    jitter: JitterGenerator = JitterGenerator(), onChange: @escaping @Sendable (BackEndChange) -> Void = { _ in }
  ) {
    self.kind = kind
    self.source = source
    self.clock = clock
    self.room = room
    self.onChange = onChange
    state = Mutex(BackEndState(settings: settings, jitter: jitter))
    waitAlarm = EarliestAlarm(clock: clock)
    // Needs no bound of its own, because no more calls are ordered at once than `concurrency`.
    (orders, order) = AsyncStream.makeStream()
  }

  /// The present moment, by the clock that waits are measured with.
  package var now: MonotonicTime { clock.now }

  /// The facts of op `status`.
  package func status(at now: MonotonicTime) -> BackEndStatus { state.withLock { $0.status(at: now) } }

  // MARK: Asking

  /// An answer that is still good enough; takes no longer than a look-up.
  package func known(_ question: StatusQuestion, at now: MonotonicTime) -> KnownStatus? {
    state.withLock { $0.known(question, at: now) }
  }

  /// The back-end's last word about a token, however old.
  package func lastWord(_ digest: TokenDigest, at now: MonotonicTime) -> KnownStatus? {
    state.withLock { $0.lastWord(digest, at: now) }
  }

  /// How much longer a yes about an opaque token counts.
  package func remaining(of status: KnownStatus) -> Duration {
    max(.zero, state.withLock(\.settings.cache) - status.age)
  }

  /// Asks for an answer that is not known.
  ///
  /// Never blocks. A JWT that is not good locally must not come here, because asking may cost a call.
  ///
  /// - Parameters:
  ///   - question: The token, and what the answer is needed for.
  ///   - now: The present moment.
  ///   - waitAtMost: What is left of the request's own time; `key_wait` bounds it further. Zero never waits.
  ///   - wait: Who asks, and what the request keeps while it waits.
  ///   - call: Makes the call's content; only called if the back-end is asked.
  ///   - wakeUp: Called once, unless the wait is cancelled, and only if the decision is to wait; from any thread,
  ///     outside of locks, perhaps before this method returns. It must do no more than pass the outcome on.
  /// - Returns: The decision; `wakeUp` is called only after ``StatusDecision/waiting(_:)``.
  package func ask(
    _ question: StatusQuestion, now: MonotonicTime, waitAtMost: Duration, wait: WaitingRoom.Wait,
    call: () -> StatusCall, wakeUp: @escaping @Sendable (StatusOutcome) -> Void
  ) -> StatusDecision {
    let (answer, isWithoutRoom) = change { state, effects in
      var isWithoutRoom = false
      // Made-up tokens must not displace one that was active before.
      let fingerprint = KidFingerprint(question.digest.waitName)
      let subject = WaitingRoom.Subject(
        issuer: ObjectIdentifier(self), kid: state.wasActive(question) ? nil : fingerprint)
      let deadline = now + min(max(waitAtMost, .zero), state.settings.wait)
      let answer = state.ask(question, user: wait.user, at: now, until: deadline, call: call) { id in
        let seat = room.seat(wait, for: subject, displace: { [weak self] in self?.displace(id) }, wakeUp)
        effects += seat.displaced
        isWithoutRoom = seat.isWithoutRoom
        return seat.wakeUp
      }
      return (answer, isWithoutRoom)
    }
    switch answer {
    case .known(let known): return .known(known)
    case .unavailable(let failure): return .unavailable(failure)
    case .shuttingDown: return .shuttingDown
    case .wait(let id):
      return .waiting(WaitHandle(isWithoutRoom: isWithoutRoom) { [weak self] in self?.cancel(id) })
    }
  }

  /// Asks about a token whose answer will soon be too old; nobody waits for the new one.
  package func askAhead(_ question: StatusQuestion, now: MonotonicTime, user: UInt32, call: () -> StatusCall) {
    change { state, _ in
      _ = state.ask(question, user: user, at: now, until: nil, call: call) { _ in { _ in } }
    }
  }

  // MARK: Events from outside

  /// Adopts the settings of a reloaded configuration, for a back-end that is still the same.
  package func update(_ settings: BackEndSettings) {
    let now = clock.now
    change { state, _ in state.update(settings, at: now) }
  }

  /// Notes that a file changed that has the credentials or the way to the back-end in it.
  package func credentialsChanged() {
    source.forgetCredentials()
    change { state, _ in state.credentialsChanged() }
  }

  /// Ends every wait, and ``run()``.
  package func shutDown() {
    change { state, effects in state.shutDown(&effects) }
    order.finish()
  }

  // MARK: The one task

  /// Makes the calls, until it is cancelled or ``shutDown()``; to be called once.
  package func run() async {
    await withDiscardingTaskGroup { group in
      for await order in orders { group.addTask { await self.perform(order) } }
      shutDown()
      group.cancelAll()
    }
    source.close()
  }

  private func perform(_ order: BackEndState.Order) async {
    let result = await source.ask(order.call)
    // A call that was cancelled says nothing of the back-end, and those who wait are told that the daemon stops.
    guard !Task.isCancelled else { return }
    let now = clock.now
    change { state, effects in state.finish(order, result, at: now, &effects) }
  }

  // MARK: Steps

  private func cancel(_ id: BackEndState.Waits.ID) {
    change { state, _ in state.cancel(id) }?(nil)
  }

  private func displace(_ id: BackEndState.Waits.ID) {
    change { state, effects in state.displace(id, &effects) }
  }

  private func endDueWaits() {
    let now = clock.now
    change { state, effects in state.endDueWaits(at: now, &effects) }
  }

  /// Changes the state, and then does what follows from the change, outside of the lock.
  @discardableResult
  private func change<Outcome>(
    _ body: (inout BackEndState, inout [BackEndState.Effect]) -> Outcome
  ) -> Outcome {
    let (outcome, effects, work) = state.withLock { state in
      var effects: [BackEndState.Effect] = []
      let outcome = body(&state, &effects)
      return (outcome, effects, state.takeWork())
    }
    waitAlarm.follow {
      state.withLock(\.nextWaitDeadline)
    } _: { [weak self] in
      self?.endDueWaits()
    }
    for next in work.orders { order.yield(next) }
    for change in work.changes { onChange(change) }
    for effect in effects { effect() }
    return outcome
  }
}
