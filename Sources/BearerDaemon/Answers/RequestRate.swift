package import BearerTime

/// Limits requests to so many per second, of which as many may come at once.
///
/// It is the generic cell rate algorithm (ITU-T I.371): one time says when the allowance is whole again. A request takes
/// its share, the reciprocal of the rate, and is refused when a second is taken already.
package struct RequestRate: Equatable, Sendable {
  private let share: Duration
  private var wholeAgain: MonotonicTime?

  /// An unused limit.
  ///
  /// - Parameter perSecond: How many requests; at least 1.
  package init(perSecond: Int) {
    share = .seconds(1) / max(1, perSecond)
  }

  /// Takes one request's share.
  ///
  /// - Parameter now: When the request came.
  /// - Returns: `nil` if it may pass; otherwise nothing was taken, and it may pass after this time.
  package mutating func take(now: MonotonicTime) -> Duration? {
    let start = wholeAgain.map { max($0, now) } ?? now
    let end = start + share
    let excess = end.duration(since: now) - .seconds(1)
    if excess > .zero { return excess }
    wholeAgain = end
    return nil
  }
}
