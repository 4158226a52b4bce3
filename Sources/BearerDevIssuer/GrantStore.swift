import BearerCrypto
import BearerJOSE
package import BearerJSON

/// What a development issuer remembers of tokens: the opaque ones that it gave out, and the JWTs that were revoked.
package protocol GrantStore: Sendable {
  /// What an opaque token stands for; `nil` if it was never given out, or was revoked.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be read.
  func claims(ofOpaque token: TokenName) throws(DevIssuerError) -> JSONObject?

  /// Whether a JWT was revoked.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be read.
  func isRevoked(_ token: TokenName) throws(DevIssuerError) -> Bool

  /// Remembers what an opaque token stands for.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be written.
  func keep(_ claims: JSONObject, of token: TokenName) throws(DevIssuerError)

  /// Revokes a token, of whatever kind.
  ///
  /// - Throws: ``DevIssuerError`` if that cannot be written.
  func revoke(_ token: TokenName) throws(DevIssuerError)
}

/// A name for a token that is fit for a file: the SHA-256 of an opaque token, or of a JWT's header and payload.
package struct TokenName: Hashable, Sendable {
  /// Letters, digits, `-` and `_`.
  package let text: String

  /// The name of a token.
  package init(_ token: String) {
    let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let named = parts.count == 3 ? Array(token.utf8.dropLast(parts[2].count + 1)) : Array(token.utf8)
    text = Base64URL.encode(SHA256.digest(of: named))
  }
}
