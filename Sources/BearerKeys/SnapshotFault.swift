/// Why a snapshot on disk is not used.
package enum SnapshotFault: String, Error, Equatable, Sendable {
  /// Cut short, altered, or not what its digest says.
  case damaged
  /// Intact perhaps, but not a key snapshot of this version.
  case notOurs = "not_ours"
  /// Of another issuer URL.
  case otherIssuer = "other_issuer"
  /// Of this issuer, under a configuration that finds or reads keys in another way.
  case otherConfiguration = "other_configuration"
  /// Older than is allowed.
  case tooOld = "too_old"
  /// Dated later than now: the clock was or is wrong, and its age is not known.
  case fromTheFuture = "from_the_future"
}
