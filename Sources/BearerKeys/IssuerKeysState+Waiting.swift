import BearerTime

// The questions for keys, the waits that follow from them, and how these end.

extension IssuerKeysState {
  /// A token asks for a key that is not in the published set.
  ///
  /// - Parameters:
  ///   - kid: What the token names.
  ///   - generation: The set that was looked into.
  ///   - now: The present moment.
  ///   - waitAtMost: How long it may wait; `key_wait` bounds it further.
  ///   - enter: Takes room for the wait of this name, and returns what wakes the request.
  /// - Returns: The answer, and the name of the wait if the token waits; `nil` if the daemon stops.
  mutating func askForKey(
    _ kid: KidFingerprint, notIn generation: UInt64?, at now: MonotonicTime, waitAtMost: Duration,
    enter: (Waiters<KeyWaitOutcome?>.ID) -> Waiters<KeyWaitOutcome?>.WakeUp
  ) -> (answer: KeyAnswer, id: Waiters<KeyWaitOutcome?>.ID?)? {
    guard !isShutDown else { return nil }
    let wait = min(waitAtMost, machine.settings.keyWait)
    let (answer, next) = machine.keyAsked(kid, notIn: generation, mayWait: wait > .zero, at: now)
    order(next)
    guard answer == .wait else { return (answer, nil) }
    let id = keyWaiters.reserve()
    keyWaiters.begin(id, until: now + wait, enter(id))
    return (.wait, id)
  }

  /// Ends the wait of a request that is answered otherwise or not at all.
  ///
  /// - Returns: A closure that gives its room back; `nil` if the wait is over.
  mutating func cancelKeyWait(_ id: Waiters<KeyWaitOutcome?>.ID) -> Waiters<KeyWaitOutcome?>.WakeUp? {
    keyWaiters.remove(id)
  }

  /// Ends the wait of a request that makes room for another.
  mutating func displaceKeyWait(
    _ id: Waiters<KeyWaitOutcome?>.ID, at now: MonotonicTime, _ effects: inout [Effect]
  ) {
    guard let wakeUp = keyWaiters.remove(id) else { return }
    Self.wake([wakeUp], .failed(retryAfter: machine.retryAfter(at: now)), &effects)
  }

  /// Ends the waits for keys whose deadline has come.
  mutating func endDueKeyWaits(at now: MonotonicTime, _ effects: inout [Effect]) {
    let wakeUps = keyWaiters.removeDue(at: now)
    if wakeUps.isEmpty { return }
    Self.wake(wakeUps, .timedOut(retryAfter: machine.retryAfter(at: now)), &effects)
  }

  /// Names the wait for a refresh, which may begin later.
  mutating func reserveRefresh() -> Waiters<RefreshReport>.ID { refreshWaiters.reserve() }

  /// An operator asks for a refresh.
  ///
  /// - Returns: The outcome; `nil` if it waits.
  mutating func askForRefresh(
    at now: MonotonicTime, id: Waiters<RefreshReport>.ID, _ wakeUp: @escaping Waiters<RefreshReport>.WakeUp
  ) -> RefreshReport? {
    guard !isShutDown else { return .shuttingDown }
    let (answer, next) = machine.refreshAsked(at: now)
    order(next)
    switch answer {
    case .limited(let left): return .limited(retryAfter: left)
    case .wait:
      refreshWaiters.begin(id, wakeUp)
      return nil
    }
  }

  /// Ends the wait for a refresh.
  mutating func cancelRefresh(_ id: Waiters<RefreshReport>.ID) -> Waiters<RefreshReport>.WakeUp? {
    refreshWaiters.remove(id)
  }

  /// Names the wait for usable keys, which may begin later.
  mutating func reserveReadiness() -> Waiters<Bool>.ID { readinessWaiters.reserve() }

  /// Asks for usable keys, to wait until there are some.
  ///
  /// - Returns: True if there are some, false if the daemon stops; `nil` if it waits.
  mutating func askForReadiness(
    at now: MonotonicTime, id: Waiters<Bool>.ID, _ wakeUp: @escaping Waiters<Bool>.WakeUp
  ) -> Bool? {
    if machine.health(at: now).isUsable { return true }
    if isShutDown { return false }
    readinessWaiters.begin(id, wakeUp)
    return nil
  }

  /// Ends the wait for usable keys.
  mutating func cancelReadiness(_ id: Waiters<Bool>.ID) -> Waiters<Bool>.WakeUp? {
    readinessWaiters.remove(id)
  }

  /// Tells the outcome to those who waited, once the lock is left.
  static func wake<Outcome>(
    _ wakeUps: [Waiters<Outcome>.WakeUp], _ outcome: Outcome, _ effects: inout [Effect]
  ) {
    if wakeUps.isEmpty { return }
    effects.append { for wakeUp in wakeUps { wakeUp(outcome) } }
  }
}
