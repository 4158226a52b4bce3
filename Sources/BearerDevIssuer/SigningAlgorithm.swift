package import BearerSigning

/// A JOSE algorithm that the development issuer signs with, by its name in `alg` (RFC 7518 section 3.1, RFC 8037,
/// RFC 9864).
///
/// This table is deliberately not the verifier's: an issuer that shared it would share its mistakes.
package enum SigningAlgorithm: String, CaseIterable, Sendable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case ps256 = "PS256"
  case ps384 = "PS384"
  case ps512 = "PS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"
  /// Ed25519 under the name of RFC 8037.
  case edDSA = "EdDSA"
  /// Ed25519 under the name of RFC 9864.
  case ed25519 = "Ed25519"
  /// Ed448 under the name of RFC 9864.
  case ed448 = "Ed448"

  /// The kind of key that signs with this algorithm; RSA keys have 2048 bits, the least that verifiers accept.
  package var keyKind: SigningKey.Parameters {
    switch self {
    case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa(bits: 2048)
    case .es256: .ec(.p256)
    case .es384: .ec(.p384)
    case .es512: .ec(.p521)
    case .edDSA, .ed25519: .ed25519
    case .ed448: .ed448
    }
  }
}
