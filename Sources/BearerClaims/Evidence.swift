/// What claims rest on, and how their issuer writes them.
///
/// Every check receives it, so whatever an issuer changes in the checks belongs here.
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
  /// The audiences that the operator assumes where the issuer does not send `aud` (`assume_audience`).
  package var assumedAudiences: [[UInt8]]?
  /// How the issuer writes claims, if it deviates from the RFCs.
  package var profile: PreparedProfile?
  /// Whether the issuer's rule and not `typ` makes the token an access token, which then need not have all claims of
  /// RFC 9068.
  package var isAccessTokenByRule = false

  /// Evidence of this kind.
  package init(_ source: Source, assumedAudiences: [[UInt8]]? = nil, profile: PreparedProfile? = nil) {
    self.source = source
    self.profile = profile
    self.assumedAudiences = assumedAudiences
  }
}
