/// How a back-end may be asked, and how long its answers count.
package struct BackEndSettings: Equatable, Sendable {
  /// How long a yes about an opaque token counts at most (`cache`); zero for not at all.
  package var cache = Duration.seconds(30)
  /// How long a no counts at most (`negative_cache`); the configuration takes no more than
  /// ``BackEndLimits/negativeCache``.
  package var negativeCache = BackEndLimits.negativeCache
  /// Calls in flight at most (`concurrency`).
  package var concurrency = 32
  /// Calls begun in a second at most (`calls_per_second`).
  package var callsPerSecond = 200
  /// How long a request may wait for an answer that it needs (`key_wait`).
  package var wait = Duration.milliseconds(500)
  /// The bytes that answers may take in memory.
  package var cacheBytes = 16_777_216

  /// The configuration's defaults.
  package init() {}
}

/// The bounds of what back-ends may cost.
package enum BackEndLimits {
  /// The longest time that a no counts: Hydra and Zitadel, among others, say no while their database is away.
  package static let negativeCache = Duration.seconds(5)
  /// Bytes of one answer; bounds the memory that a hostile or broken back-end can take.
  package static let answerBytes = 65_536
  /// How many tokens are remembered as inactive, of each kind; anyone can send inactive tokens.
  static let rememberedInactive = 16_384
  /// One call in this many is kept for tokens that were active before.
  static let keptPart = 4
  /// After this many failures in a row the back-end is not asked for a while.
  static let failuresBeforeBackOff = 3
  /// The first pause of a back-end that fails.
  static let firstPause = Duration.seconds(1)
  /// The longest pause of a back-end that fails and does not say how long it wants to be left alone.
  static let longestPause = Duration.seconds(30)
  /// The longest `Retry-After` that is obeyed.
  static let longestRetryAfter = Duration.seconds(600)
  /// How long a refusal of the credentials is not logged again, if made-up tokens may be its cause.
  static let refusalQuiet = Duration.seconds(60)
  /// A pause's length varies by this much, so that a fleet does not come back as one.
  static let pauseJitter = 0.8...1.2
  /// After this many tokens with good signatures were called inactive in a row, they are hardly all revoked.
  static let suspiciousInactive = 10
}
