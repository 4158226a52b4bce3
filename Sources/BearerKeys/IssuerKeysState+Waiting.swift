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
  ///   - enter: Takes room for a wait at the reserved place, and returns what wakes the request.
  /// - Returns: The answer, and the place if the token waits; `nil` if the daemon stops.
  mutating func askForKey(
    _ kid: KidFingerprint, notIn generation: UInt64?, at now: MonotonicTime, waitAtMost: Duration,
    enter: (Waiters<KeyWaitOutcome?>.Place) -> Waiters<KeyWaitOutcome?>.WakeUp
  ) -> (answer: KeyAnswer, place: Waiters<KeyWaitOutcome?>.Place?)? {
    guard !isShutDown else { return nil }
    let wait = min(waitAtMost, machine.settings.keyWait)
    let (answer, next) = machine.keyAsked(kid, notIn: generation, mayWait: wait > .zero, at: now)
    order(next)
    guard answer == .wait else { return (answer, nil) }
    let place = keyWaiters.reserve()
    keyWaiters.begin(at: place, until: now + wait, enter(place))
    return (.wait, place)
  }

  /// Ends the wait of a request that is answered otherwise or not at all.
  ///
  /// - Returns: A closure that gives its room back; `nil` if the wait is over.
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

  /// Ends the waits for keys whose deadline has come.
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

  /// Asks for usable keys, to wait until there are some.
  ///
  /// - Returns: True if there are some, false if the daemon stops; `nil` if it waits at `place`.
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

  /// Tells the outcome to those who waited, once the lock is left.
  static func wake<Outcome>(
    _ wakeUps: [Waiters<Outcome>.WakeUp], _ outcome: Outcome, _ effects: inout [Effect]
  ) {
    if wakeUps.isEmpty { return }
    effects.append { for wakeUp in wakeUps { wakeUp(outcome) } }
  }
}
