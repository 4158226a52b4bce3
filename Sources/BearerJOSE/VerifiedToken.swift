package import BearerClaims
import BearerJSON

/// A token that passed every check; only the verifier can make one.
package struct VerifiedToken {
  /// The issuer's index.
  package let issuer: Int
  /// Whole seconds until `exp` (``NumericDate/secondsLeft(at:)``).
  package let expiresIn: Int64

  /// Whether it came before and all that it says was remembered.
  package let isKnown: Bool

  /// What it says.
  package let claims: ClaimSet
  private let header: JOSEHeader

  init(issuer: Int, expiresIn: Int64, isKnown: Bool, header: JOSEHeader, claims: ClaimSet) {
    self.issuer = issuer
    self.isKnown = isKnown
    self.expiresIn = expiresIn
    self.header = header
    self.claims = claims
  }

  /// Appends those header parameters that were verified to mean something, as a JSON object: `alg`, `kid`, `typ`.
  package func appendHeader(to line: inout [UInt8]) {
    line.append(contentsOf: header.shown)
  }
}
