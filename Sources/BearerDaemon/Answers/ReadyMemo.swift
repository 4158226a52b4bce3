import BearerKeys
import BearerTime

/// Whether every issuer has keys that verdicts may rest on, worked out anew only when a key set came into use, so that a
/// `ping` costs the same however many issuers there are.
struct ReadyMemo {
  private var active: ActiveConfiguration?
  private var count: UInt64 = 0
  private var readyUntil = MonotonicTime.distantPast

  /// Whether every issuer has keys that verdicts may rest on.
  ///
  /// - Parameters:
  ///   - active: The configuration in force.
  ///   - publications: Counts the key sets of its issuers.
  ///   - now: The present moment.
  /// - Returns: Whether all of them have.
  mutating func isReady(
    _ active: ActiveConfiguration, _ publications: KeyPublications, at now: MonotonicTime
  ) -> Bool {
    // Read before the keys are: a set that comes in between is counted next time.
    let count = publications.count
    if active !== self.active || count != self.count {
      self.active = active
      self.count = count
      readyUntil = active.keys.lazy.map(\.usableUntil).min() ?? .distantFuture
    }
    return now < readyUntil
  }
}
