/// The operations by the names that requests have as `op`.
package enum Operation: String, CaseIterable, Sendable {
  /// May this token be trusted?
  case verify
  /// The same, answered as RFC 7662 would.
  case introspect
  /// Fetch keys.
  case refreshJWKS = "refresh-jwks"
  /// How the daemon is.
  case status
  /// Is anybody there?
  case ping
  /// What the daemon speaks.
  case hello
}
