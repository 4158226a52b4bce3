package import BearerTime

/// Limits requests to so many per second, of which as many may come at once.
package struct RequestRate: Equatable, Sendable {
  private let perSecond: Int
  private let interval: Duration
  private var rate = CellRate()

  /// An unused limit.
  ///
  /// - Parameter perSecond: How many requests; at least 1.
  package init(perSecond: Int) {
    self.perSecond = max(1, perSecond)
    interval = .seconds(1) / self.perSecond
  }

  /// Takes one request's share.
  ///
  /// - Parameter now: When the request came.
  /// - Returns: `nil` if it may pass; otherwise nothing was taken, and it may pass after this time.
  package mutating func take(now: MonotonicTime) -> Duration? {
    if let next = rate.nextAt(interval: interval, saved: perSecond), now < next { return next.duration(since: now) }
    rate.take(at: now, interval: interval)
    return nil
  }
}
