import BearerCrypto
import BearerSigning
import Testing

/// A pair of algorithm and key as JOSE combines them, for tests that run through all.
struct AlgorithmCase: Sendable, CustomTestStringConvertible {
  let name: String
  let kind: SigningKey.Parameters
  let scheme: SignatureScheme

  var testDescription: String { name }

  static let all: [AlgorithmCase] = [
    AlgorithmCase(name: "RS256", kind: .rsa(bits: 2048), scheme: .rsaPKCS1(.sha256)),
    AlgorithmCase(name: "RS384", kind: .rsa(bits: 2048), scheme: .rsaPKCS1(.sha384)),
    AlgorithmCase(name: "RS512", kind: .rsa(bits: 2048), scheme: .rsaPKCS1(.sha512)),
    AlgorithmCase(name: "PS256", kind: .rsa(bits: 2048), scheme: .rsaPSS(.sha256)),
    AlgorithmCase(name: "PS384", kind: .rsa(bits: 2048), scheme: .rsaPSS(.sha384)),
    AlgorithmCase(name: "PS512", kind: .rsa(bits: 2048), scheme: .rsaPSS(.sha512)),
    AlgorithmCase(name: "ES256", kind: .ec(.p256), scheme: .ecdsa(.p256, .sha256)),
    AlgorithmCase(name: "ES384", kind: .ec(.p384), scheme: .ecdsa(.p384, .sha384)),
    AlgorithmCase(name: "ES512", kind: .ec(.p521), scheme: .ecdsa(.p521, .sha512)),
    AlgorithmCase(name: "Ed25519", kind: .ed25519, scheme: .ed25519),
    AlgorithmCase(name: "Ed448", kind: .ed448, scheme: .ed448),
  ]
}

extension SigningKey {
  /// The public half as the verifying side sees it.
  func publicKey() throws -> PublicKey {
    switch publicParameters {
    case .rsa(let n, let e): try PublicKey.rsa(modulus: n, exponent: e)
    case .ec(.p256, let x, let y): try PublicKey.ec(.p256, x: x, y: y)
    case .ec(.p384, let x, let y): try PublicKey.ec(.p384, x: x, y: y)
    case .ec(.p521, let x, let y): try PublicKey.ec(.p521, x: x, y: y)
    case .okp("Ed25519", let x): try PublicKey.ed25519(x)
    case .okp(_, let x): try PublicKey.ed448(x)
    }
  }
}

extension SignatureVerifier {
  /// The same for arrays.
  func isValid(_ signature: [UInt8], over message: [UInt8]) -> Bool {
    // One that could not be checked is neither.
    let outcome = check(signature: signature.span, over: message.span)
    #expect(outcome != .undecided)
    return outcome == .good
  }
}
