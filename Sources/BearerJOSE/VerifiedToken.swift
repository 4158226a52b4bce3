package import BearerClaims
import BearerJSON

/// A token that passed every check; only the verifier can make one.
package struct VerifiedToken {
  /// The issuer's index.
  package let issuer: Int
  /// Whole seconds until `exp` (``NumericDate/secondsLeft(at:)``).
  package let expiresIn: Int64

  /// Whether the token came before and its payload was in the cache.
  package let isKnown: Bool

  /// The token's claims.
  package let claims: ClaimSet
  private let header: JOSEHeader

  init(issuer: Int, expiresIn: Int64, isKnown: Bool, header: JOSEHeader, claims: ClaimSet) {
    self.issuer = issuer
    self.isKnown = isKnown
    self.expiresIn = expiresIn
    self.header = header
    self.claims = claims
  }

  /// Appends the header parameters that were checked, as a JSON object: `alg`, `kid`, `typ`.
  package func appendHeader(to line: inout [UInt8]) {
    line.append(contentsOf: header.shown)
  }
}
