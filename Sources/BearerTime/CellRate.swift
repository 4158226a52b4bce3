/// Allows one event each interval, and a few at once that were saved up.
///
/// It is the generic cell rate algorithm (ITU-T I.371): one time says when the allowance is whole again. Interval and
/// number may differ from call to call, as settings do.
package struct CellRate: Equatable, Sendable {
  private var wholeAgain: MonotonicTime?

  /// A whole allowance.
  package init() {}

  /// When the next event is allowed.
  ///
  /// - Parameters:
  ///   - interval: One event is allowed in each.
  ///   - saved: How many are saved up at most; at least one.
  /// - Returns: The time, which may be past; `nil` if there was no event yet.
  package func nextAt(interval: Duration, saved: Int) -> MonotonicTime? {
    wholeAgain.map { $0 - interval * (max(saved, 1) - 1) }
  }

  /// Notes an event at `now`.
  package mutating func take(at now: MonotonicTime, interval: Duration) {
    wholeAgain = max(wholeAgain ?? now, now) + interval
  }

  /// Adopts new settings: at most the whole allowance can be missing.
  package mutating func apply(at now: MonotonicTime, interval: Duration, saved: Int) {
    wholeAgain = wholeAgain.map { min($0, now + interval * max(saved, 1)) }
  }
}
