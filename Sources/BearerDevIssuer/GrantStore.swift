package import BearerJSON

/// What a development issuer remembers of tokens: the opaque ones that it gave out, and the JWTs that were revoked.
package protocol GrantStore: Sendable {
  /// What an opaque token stands for; `nil` if it was never given out, or was revoked.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be read.
  func claims(ofOpaque token: StoredTokenName) throws(DevIssuerError) -> JSONObject?

  /// Whether a JWT was revoked.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be read.
  func isRevoked(_ token: StoredTokenName) throws(DevIssuerError) -> Bool

  /// Remembers what an opaque token stands for.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be written.
  func keep(_ claims: JSONObject, of token: StoredTokenName) throws(DevIssuerError)

  /// Revokes a token, of whatever kind.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be written.
  func revoke(_ token: StoredTokenName) throws(DevIssuerError)
}
