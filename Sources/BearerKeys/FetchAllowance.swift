import BearerTime

/// How many fetches unknown kids may cause: one each cool-down, and a few that were saved up.
///
/// It is the generic cell rate algorithm (ITU-T I.371): one time says when the allowance is whole again.
struct FetchAllowance: Sendable {
  private var wholeAgain: MonotonicTime?

  /// When the next fetch may be made; `nil` if none was made yet.
  func nextAt(cooldown: Duration, saved: Int) -> MonotonicTime? {
    wholeAgain.map { $0 - cooldown * (max(saved, 1) - 1) }
  }

  /// Notes that a fetch is made at `now`.
  mutating func take(at now: MonotonicTime, cooldown: Duration) {
    wholeAgain = max(wholeAgain ?? now, now) + cooldown
  }

  /// Adopts new settings: at most the whole allowance can be missing.
  mutating func apply(at now: MonotonicTime, cooldown: Duration, saved: Int) {
    wholeAgain = wholeAgain.map { min($0, now + cooldown * max(saved, 1)) }
  }
}
