package import BearerTime

// When things are to happen: what the rules in RefreshStateMachine say, worked out.

extension RefreshStateMachine {
  /// When ``timerDue(at:jitter:)`` wants to be called next; `nil` if nothing is planned.
  package var wakeAt: MonotonicTime? {
    guard let inFlight else { return due }
    if inFlight.isQueued { return nil }
    return inFlight.startedAt + KeysLimits.fetchGivenUpAfter(timeout: settings.timeout)
  }

  /// When it is worth asking again for a key that could not be had at `now`.
  package func retryAfter(at now: MonotonicTime) -> Duration {
    let hint: Duration
    if let inFlight {
      let left = (inFlight.startedAt + settings.timeout).duration(since: now)
      hint = min(left, KeysLimits.longestRetryHintInFlight)
    } else {
      let untilDue = due?.duration(since: now)
      let untilCool = health(at: now).isUsable ? cooldownUntil?.duration(since: now) : nil
      hint = [untilDue, untilCool].compactMap(\.self).min() ?? KeysLimits.longestRetryHintInFlight
    }
    return max(hint, KeysLimits.shortestRetryHint)
  }

  // MARK: Planning

  /// When keys are refreshed ahead of the end of their lifetime; `nil` if they have none.
  func refreshTime(
    for held: HeldKeys<Keys>, jitter: inout some RandomNumberGenerator
  ) -> MonotonicTime? {
    guard let lifetime = settings.lifetime(header: held.headerLifetime) else { return nil }
    return held.validatedAt + lifetime * KeysLimits.refreshAhead.randomPoint(using: &jitter)
  }

  /// When to try again after a failure.
  func retryTime(at now: MonotonicTime, jitter: inout some RandomNumberGenerator) -> MonotonicTime {
    let isUsable = health(at: now).isUsable
    let first = isUsable ? KeysLimits.firstRetryWithKeys : KeysLimits.firstRetryWithoutKeys
    let longest = isUsable ? KeysLimits.longestRetryWithKeys : KeysLimits.longestRetryWithoutKeys
    // 2^20 times the shortest delay is past every bound; a larger exponent would only overflow.
    let doublings = min(consecutiveFailures - 1, 20)
    let delay = min(first * (1 << doublings), longest)
    let retry = now + delay * KeysLimits.retryJitter.randomPoint(using: &jitter)
    return isUsable ? notLongAfterExpiry(retry, at: now) : retry
  }

  /// The time of a retry, brought forward to the end of the keys' use: there the slow pace becomes the wrong one, and
  /// the attempt at that moment sets the quick one.
  func notLongAfterExpiry(_ retry: MonotonicTime, at now: MonotonicTime) -> MonotonicTime {
    guard let usableUntil = held?.usableUntil else { return retry }
    return min(retry, max(usableUntil, now + KeysLimits.firstRetryWithoutKeys))
  }
}
