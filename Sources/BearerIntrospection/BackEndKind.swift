/// The kinds of back-ends that can be asked about an issuer's tokens.
package enum BackEndKind: String, CaseIterable, Sendable {
  /// OAuth 2.0 Token Introspection (RFC 7662).
  case rfc7662
  /// The resolver of an Authgear server, which answers in header fields.
  case authgearResolver = "authgear-resolver"
  /// The UserInfo endpoint of OpenID Connect Core 1.0 section 5.3.
  case userinfo

  /// The claims that a back-end of this kind never sends.
  ///
  /// A policy that needs one of them could accept none of its opaque tokens.
  package var untoldClaims: [String] {
    switch self {
    case .rfc7662: []
    case .authgearResolver, .userinfo:
      ["aud", "scope", "scp", "client_id", "azp", "exp", "iat", "nbf", "jti", "iss", "sid", "acr", "cnf"]
    }
  }

  /// Whether it knows tokens of users only, so that it calls every machine's token inactive.
  package var knowsUsersOnly: Bool {
    switch self {
    case .rfc7662: false
    case .authgearResolver, .userinfo: true
    }
  }

  /// Whether the daemon authenticates itself there; other kinds receive nothing but the token.
  package var takesCredentials: Bool {
    switch self {
    case .rfc7662: true
    case .authgearResolver, .userinfo: false
    }
  }
}
