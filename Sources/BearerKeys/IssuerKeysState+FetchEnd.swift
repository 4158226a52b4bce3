import BearerJOSE
import BearerTime

// What the end of a fetch changes, and which waits it ends.

extension IssuerKeysState {
  /// Gives the machine the outcome of a fetch and, if it counts, tells those who waited for it.
  ///
  /// - Returns: Whether the provider confirmed the set in use, and no second look follows.
  mutating func finish(
    _ order: FetchOrder, _ result: Result<FetchOutcome, FetchFault>, at now: MonotonicTime, _ effects: inout [Effect]
  ) -> Bool {
    guard !isShutDown else { return false }
    switch result {
    case .success(.keys(let fetched)) where fetched.body != machine.held?.keys.body:
      replace(with: fetched, order, at: now, &effects)
      return false
    // A provider without ETag sends the same bytes again. The set stays, and with it all facts that rest on it.
    case .success(.keys(let fetched)):
      let leavesDoubt = machine.lacksAskedKid(Self.fingerprints(fetched.keys))
      return confirm(fetched.lifetime, fetched.validators, order, leavesDoubt: leavesDoubt, at: now, &effects)
    // RFC 9111 section 4.3.4: headers that a 304 does not repeat stay as they were.
    case .success(.unchanged(let lifetime, let validators)):
      return confirm(
        lifetime ?? machine.held?.headerLifetime, validators, order, leavesDoubt: false, at: now, &effects)
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
    let leavesDoubt = fetched.isFromCache && machine.lacksAskedKid(Self.fingerprints(fetched.keys))
    let (counted, next) = machine.fetched(
      KeySetWithBody(keys: fetched.keys, body: fetched.body), sequence: order.sequence,
      headerLifetime: fetched.lifetime, leavesDoubt: leavesDoubt, at: now, jitter: &jitter)
    self.order(next)
    guard counted else { return }
    validators = fetched.validators
    let difference = KeySetChange(from: before, to: fetched.keys)
    // Not after a scheduled refresh: while some of a provider's servers still have an older set, its new keys must not
    // be refused for long. Nor before a second look, which will tell whether a cache is behind the provider.
    if order.cause.isForUnknownKey, next == nil {
      machine.kidsRemoved(difference.removed.map { KidFingerprint(Array($0.utf8)) }, at: now, jitter: &jitter)
    }
    if let snapshot = renewValidatedSnapshot() { changes.append(.replaced(snapshot, difference)) }
    noteSuccess(difference, &effects)
  }

  private mutating func confirm(
    _ lifetime: Duration?, _ newValidators: FetchValidators, _ order: FetchOrder, leavesDoubt: Bool,
    at now: MonotonicTime, _ effects: inout [Effect]
  ) -> Bool {
    let (counted, next) = machine.confirmed(
      sequence: order.sequence, headerLifetime: lifetime, leavesDoubt: leavesDoubt, at: now, jitter: &jitter)
    self.order(next)
    guard counted else { return false }
    guard let keys = machine.held?.keys.keys, let snapshot = renewValidatedSnapshot() else {
      noteFailure(at: now, &effects)
      return false
    }
    validators = newValidators
    changes.append(.confirmed(snapshot))
    // Nothing new has come for those who wait: they now wait for the second look.
    if next?.cause == .secondLook { return false }
    noteSuccess(KeySetChange(from: keys, to: keys, changed: false), &effects)
    return true
  }

  private mutating func noteSuccess(_ difference: KeySetChange, _ effects: inout [Effect]) {
    Self.wake(keyWaiters.removeAll(), .arrived, &effects)
    Self.wake(refreshWaiters.removeAll(), .refreshed(difference), &effects)
    Self.wake(readinessWaiters.removeAll(), true, &effects)
  }

  mutating func noteFailure(at now: MonotonicTime, _ effects: inout [Effect]) {
    guard let fault = machine.lastFailure?.fault else { return }
    changes.append(.failed(fault, consecutiveFailures: machine.consecutiveFailures))
    // If another fetch follows at once, it is the one to wait for.
    guard machine.inFlight == nil else { return }
    Self.wake(keyWaiters.removeAll(), .failed(retryAfter: machine.retryAfter(at: now)), &effects)
    Self.wake(refreshWaiters.removeAll(), .failed(fault), &effects)
  }

  /// The fingerprints of a set's kids.
  private static func fingerprints(_ set: KeySet) -> Set<KidFingerprint> {
    Set(set.entries.compactMap { entry in entry.kid.map { KidFingerprint(Array($0.utf8)) } })
  }
}
