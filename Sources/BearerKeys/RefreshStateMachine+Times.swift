package import BearerTime

// The times that follow from the rules in RefreshStateMachine.swift.

extension RefreshStateMachine {
  /// When ``timerDue(at:jitter:)`` wants to be called next; `nil` if nothing is planned.
  package var wakeAt: MonotonicTime? {
    guard let inFlight else { return due }
    if inFlight.isQueued { return nil }
    return inFlight.startedAt + KeysLimits.fetchGivenUpAfter(timeout: settings.timeout)
  }

  /// How long to wait before asking again for a key that is missing at `now`.
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

  /// The longest time between attempts that fail.
  func longestRetry(at now: MonotonicTime) -> Duration {
    health(at: now).isUsable ? KeysLimits.longestRetryWithKeys : KeysLimits.longestRetryWithoutKeys
  }

  /// When to try again after a failure: later each time, and not before the end of a pause that the provider asked for.
  func retryTime(at now: MonotonicTime, jitter: inout some RandomNumberGenerator) -> MonotonicTime {
    let isUsable = health(at: now).isUsable
    let first = isUsable ? KeysLimits.firstRetryWithKeys : KeysLimits.firstRetryWithoutKeys
    // 2^20 times the shortest delay is past every bound; a larger exponent would only overflow.
    let doublings = min(consecutiveFailures - 1, 20)
    let delay = min(first * (1 << doublings), longestRetry(at: now))
    var retry = now + delay * KeysLimits.retryJitter.randomPoint(using: &jitter)
    if let pausedUntil {
      let pause = pausedUntil.duration(since: now)
      retry = max(retry, now + pause * KeysLimits.pauseJitter.randomPoint(using: &jitter))
    }
    return isUsable ? notLongAfterExpiry(retry, at: now) : retry
  }

  /// The time of a retry, but not later than the end of the keys' use.
  ///
  /// From that moment on retries must be quick, and an attempt then makes them so. A pause that the provider asked for
  /// still counts, as far as it would without keys.
  func notLongAfterExpiry(_ retry: MonotonicTime, at now: MonotonicTime) -> MonotonicTime {
    guard let usableUntil = held?.usableUntil else { return retry }
    let pause = min(pausedUntil?.duration(since: now) ?? .zero, KeysLimits.longestRetryWithoutKeys)
    return min(retry, max(usableUntil, now + max(pause, KeysLimits.firstRetryWithoutKeys)))
  }
}
