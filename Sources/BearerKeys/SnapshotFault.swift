/// Why a snapshot on disk is not used.
package enum SnapshotFault: String, Error, Equatable, Sendable {
  /// Cut short, altered, or not what its digest says.
  case damaged
  /// Intact perhaps, but not a key snapshot of this version.
  case notOurs = "not_ours"
  /// Of another issuer URL.
  case otherIssuer = "other_issuer"
  /// Of this issuer, under a configuration that finds keys elsewhere.
  case otherConfiguration = "other_configuration"
  /// None of its keys is usable with the configured algorithms.
  case noUsableKey = "no_usable_key"
  /// Older than is allowed.
  case tooOld = "too_old"
  /// Dated later than now: the clock was or is wrong, and its age is not known.
  case fromTheFuture = "from_the_future"
}
