package import BearerTime

// How an ordered fetch goes on and ends.

extension RefreshStateMachine {
  /// An ordered fetch has to wait for a permit: it cannot be given up before it begins.
  package mutating func fetchQueued(sequence: UInt64) {
    if inFlight?.order.sequence == sequence { inFlight?.isQueued = true }
  }

  /// An ordered fetch begins, perhaps some time after the order.
  ///
  /// - Returns: Whether it is still wanted.
  package mutating func fetchBegins(sequence: UInt64, at now: MonotonicTime) -> Bool {
    guard inFlight?.order.sequence == sequence else { return false }
    if inFlight?.isQueued == true {
      inFlight?.isQueued = false
      inFlight?.startedAt = now
    }
    return true
  }

  /// A fetch ended with a set that replaces the one in use.
  ///
  /// - Parameters:
  ///   - keys: The set.
  ///   - sequence: Which fetch ended.
  ///   - headerLifetime: What its headers said.
  ///   - leavesDoubt: Whether a cache on the way kept the answer, which lacks a kid that was asked for.
  ///   - now: The present moment.
  ///   - jitter: Random numbers.
  /// - Returns: Whether the answer counted, and the next fetch if there must be one at once.
  package mutating func fetched(
    _ keys: Keys, sequence: UInt64, headerLifetime: Duration?, leavesDoubt: Bool = false, at now: MonotonicTime,
    jitter: inout some RandomNumberGenerator
  ) -> (counted: Bool, next: FetchOrder?) {
    guard let inFlight, inFlight.order.sequence == sequence else { return (false, nil) }
    hold(keys, at: now, headerLifetime: headerLifetime)
    return (true, noteSuccess(of: inFlight, leavesDoubt: leavesDoubt, at: now, jitter: &jitter))
  }

  /// A fetch ended and confirmed the set in use.
  ///
  /// - Parameters:
  ///   - sequence: Which fetch ended.
  ///   - headerLifetime: What its headers said.
  ///   - leavesDoubt: Whether the set lacks a kid that was asked for.
  ///   - now: The present moment.
  ///   - jitter: Random numbers.
  /// - Returns: Whether the answer counted, and the next fetch if there must be one at once.
  package mutating func confirmed(
    sequence: UInt64, headerLifetime: Duration?, leavesDoubt: Bool = false, at now: MonotonicTime,
    jitter: inout some RandomNumberGenerator
  ) -> (counted: Bool, next: FetchOrder?) {
    guard let inFlight, inFlight.order.sequence == sequence else { return (false, nil) }
    guard held != nil else {
      let fault = FetchFault(.httpStatus, found: "the provider answered 304 although nothing was fetched before")
      return failed(fault, sequence: sequence, at: now, jitter: &jitter)
    }
    held?.confirm(at: now, headerLifetime: headerLifetime, settings: settings)
    return (true, noteSuccess(of: inFlight, leavesDoubt: leavesDoubt, at: now, jitter: &jitter))
  }

  /// A fetch failed: nothing changes but the record and the time of the next attempt.
  ///
  /// - Returns: Whether the answer counted, and the next fetch if there must be one at once.
  package mutating func failed(
    _ fault: FetchFault, sequence: UInt64, at now: MonotonicTime, jitter: inout some RandomNumberGenerator
  ) -> (counted: Bool, next: FetchOrder?) {
    guard let inFlight, inFlight.order.sequence == sequence else { return (false, nil) }
    noteFailure(fault, at: now, jitter: &jitter)
    return (true, nextAfterFetch(at: now))
  }

  // MARK: Steps

  private mutating func noteSuccess(
    of fetch: InFlight, leavesDoubt: Bool, at now: MonotonicTime, jitter: inout some RandomNumberGenerator
  ) -> FetchOrder? {
    inFlight = nil
    consecutiveFailures = 0
    pausedUntil = nil
    budget.noteSuccess()
    lastSuccessAt = now
    if leavesDoubt, fetch.order.cause == .unknownKey, !fetch.order.goesPastCaches,
      budget.takeSecondLook(at: now, settings)
    {
      let order = begin(.secondLook, goesPastCaches: true, at: now)
      inFlight?.askedKids = fetch.askedKids
      return order
    }
    // Only a fetch that was made for a kid proves it absent: one that was under way may have been answered before the
    // rotation that brought the kid. Kids that did come are never asked for again, so their entries do no harm.
    if fetch.order.cause.isForUnknownKey {
      for kid in fetch.askedKids.all where kid.isOfKid {
        budget.prove(kid, by: fetch.startedAt, settings, jitter: &jitter)
      }
    }
    if let held { due = refreshTime(for: held, jitter: &jitter) }
    return nextAfterFetch(at: now)
  }

  mutating func noteFailure(
    _ fault: FetchFault, at now: MonotonicTime, jitter: inout some RandomNumberGenerator
  ) {
    let startedAt = inFlight?.startedAt ?? now
    inFlight = nil
    consecutiveFailures += 1
    failures += 1
    lastFailure = RecordedFault(fault: fault, at: now)
    pausedUntil = fault.retryAfter.map { now + min($0, longestRetry(at: now)) }
    budget.noteFailure(until: [startedAt + settings.cooldown, pausedUntil].compactMap(\.self).max())
    due = retryTime(at: now, jitter: &jitter)
  }

  mutating func nextAfterFetch(at now: MonotonicTime) -> FetchOrder? {
    fetchAgain ? begin(.fileChange, at: now) : nil
  }
}
