/// The outcome of a refresh that was asked for (`refresh-jwks`).
package enum RefreshReport: Equatable, Sendable {
  /// The provider answered.
  case refreshed(KeySetChange)
  /// The fetch failed and the keys are as before (`refresh_failed`).
  case failed(FetchFault)
  /// Too soon after the last one (`refresh_limited`).
  case limited(retryAfter: Duration)
  /// The daemon stops (`shutting_down`).
  case shuttingDown
}
