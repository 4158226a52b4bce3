/// What kind of token a policy accepts.
package enum TokenType: String, CaseIterable, Sendable {
  /// A JWT access token (RFC 9068).
  case access
  /// An ID token (OpenID Connect Core 1.0 section 2).
  case id
  /// Any signed JWT that is not a logout or ID token.
  case any
}
