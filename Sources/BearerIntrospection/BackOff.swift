import BearerTime

/// When a back-end that fails is asked again.
struct BackOff: Sendable {
  private(set) var consecutiveFailures = 0
  private var pausedUntil: MonotonicTime?

  /// How long a call must wait; `nil` if it may begin.
  ///
  /// When a pause is over, one call may find out whether the back-end is back; the others go on waiting.
  mutating func refusal(at now: MonotonicTime, jitter: inout some RandomNumberGenerator) -> Duration? {
    guard let until = pausedUntil else { return nil }
    if now < until { return until.duration(since: now) }
    pausedUntil = now + pause(&jitter)
    return nil
  }

  /// The remaining pause.
  func remaining(at now: MonotonicTime) -> Duration? {
    pausedUntil.flatMap { now < $0 ? $0.duration(since: now) : nil }
  }

  /// A call was answered.
  mutating func succeeded() {
    consecutiveFailures = 0
    pausedUntil = nil
  }

  /// A call failed that counts against the back-end.
  mutating func failed(
    retryAfter: Duration?, at now: MonotonicTime, jitter: inout some RandomNumberGenerator
  ) {
    consecutiveFailures += 1
    var until: MonotonicTime?
    if consecutiveFailures >= BackEndLimits.failuresBeforeBackOff { until = now + pause(&jitter) }
    if let retryAfter {
      let wanted = now + min(max(retryAfter, .zero), BackEndLimits.longestRetryAfter)
      until = max(until ?? wanted, wanted)
    }
    guard let until else { return }
    pausedUntil = max(pausedUntil ?? until, until)
  }

  private func pause(_ jitter: inout some RandomNumberGenerator) -> Duration {
    // 2^10 times the first pause is past the longest; a larger exponent would only overflow.
    let doublings = min(max(0, consecutiveFailures - BackEndLimits.failuresBeforeBackOff), 10)
    let pause = min(BackEndLimits.firstPause * (1 << doublings), BackEndLimits.longestPause)
    return pause * BackEndLimits.pauseJitter.randomPoint(using: &jitter)
  }
}
