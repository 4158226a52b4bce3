/// What claims rest on.
///
/// Whatever an issuer's way to write claims changes in their checks belongs here, for all of them get it.
package struct Evidence: Sendable {
  /// Where claims come from.
  package enum Source: Sendable {
    /// A token that carries them, signed by the issuer.
    case signature
    /// The issuer's answer to a question about a token (RFC 7662).
    case introspection
  }

  /// Where the claims come from.
  package var source: Source
  /// For whom the operator says that all tokens of the issuer are, where it does not tell `aud` (`assume_audience`).
  package var assumedAudiences: [[UInt8]]?
  /// How the issuer writes claims, where that is not the RFCs' way.
  package var profile: PreparedProfile?
  /// Whether the token is an access token by the issuer's rule and not by its `typ`, so that it need not have all that
  /// RFC 9068 demands.
  package var isAccessTokenByRule = false

  /// Evidence of this kind.
  package init(_ source: Source, assumedAudiences: [[UInt8]]? = nil, profile: PreparedProfile? = nil) {
    self.source = source
    self.profile = profile
    self.assumedAudiences = assumedAudiences
  }
}
