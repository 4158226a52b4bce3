import BearerCrypto
import BearerJOSE

/// A name for a token that is fit for a file: the SHA-256 of an opaque token, or of a JWT's header and payload.
package struct StoredTokenName: Hashable, Sendable {
  /// Letters, digits, `-` and `_`.
  package let text: String

  /// The name of a token.
  package init(_ token: String) {
    let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let named = parts.count == 3 ? Array(token.utf8.dropLast(parts[2].count + 1)) : Array(token.utf8)
    text = Base64URL.encode(SHA256.digest(of: named))
  }
}
