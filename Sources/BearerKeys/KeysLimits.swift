/// Bounds of the key cache that are not configured; each says which cost or attack it bounds.
package enum KeysLimits {
  /// The shortest lifetime that a response's headers can ask for: `max-age=0` must not become a fetch loop.
  package static let minimumLifetime: Duration = .seconds(60)
  /// Explicit refreshes (`refresh-jwks`) start at most one fetch in this time, counted from the attempt.
  package static let refreshRequestInterval: Duration = .seconds(10)
  /// Fetches for unknown kids that are saved up: one stray token must not cost the next rotation its cool-down.
  package static let savedFetches = 4
  /// Kids that were proven absent and are remembered, of 50 bytes each or so; bounds memory under a flood.
  package static let rememberedAbsentKids = 4096
  /// Kids that one fetch can prove absent.
  ///
  /// More than can wait for it at once. It bounds the work at the fetch's end after a flood of made-up kids whose
  /// requests did not stay. One kid more is not remembered, but the cool-down holds it back as well.
  package static let askedKidsPerFetch = 4096
  /// A kid proven absent again and again holds back its own next fetch for up to this many cool-downs.
  package static let absentKidMaximumCooldowns = 4
  /// The random factor of every such hold but the first.
  package static let absentKidJitter: ClosedRange<Double> = 1.0...1.5

  /// How long keys may still be used that came from a source that is no longer trusted.
  package static let trustAfterChange: Duration = .seconds(60)
  /// The earliest and the latest scheduled refresh, as fractions of a key set's lifetime: 80 % ± 10 %.
  package static let refreshAhead: ClosedRange<Double> = 0.7...0.9
  /// The first retry after a failure while there are usable keys: one blip, one retry, still before they are stale.
  package static let firstRetryWithKeys: Duration = .seconds(10)
  /// The first retry after a failure without usable keys: the application and its provider may be starting together.
  package static let firstRetryWithoutKeys: Duration = .seconds(1)
  /// The longest time between retries while there are usable keys: a provider in trouble is left in peace.
  package static let longestRetryWithKeys: Duration = .seconds(300)
  /// The longest time between retries without usable keys: requests are being refused.
  package static let longestRetryWithoutKeys: Duration = .seconds(30)
  /// The part of a retry's delay that is random: delays lie between half of the nominal one and all of it.
  package static let retryJitter: ClosedRange<Double> = 0.5...1.0
  /// The random factor of a pause that a provider asked for: a fleet that was sent away together comes back apart.
  package static let pauseJitter: ClosedRange<Double> = 1.0...1.1
  /// The shortest `retry_after` in a reply: a client must not spin.
  package static let shortestRetryHint: Duration = .milliseconds(100)
  /// The longest `retry_after` in a reply while a fetch is under way.
  package static let longestRetryHintInFlight: Duration = .seconds(1)

  /// When a fetch that never returned is given up: twice its own bound and a second.
  package static func fetchGivenUpAfter(timeout: Duration) -> Duration {
    timeout * 2 + .seconds(1)
  }
}
