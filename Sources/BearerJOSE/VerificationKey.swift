import BearerCrypto
import Synchronization

/// One public key, compiled for every algorithm that it may be used with; made when a key set is loaded, never after.
///
/// Two sets that hold the same key share one object, so a refresh that brings nothing new compiles nothing, and what
/// is known about a token's signature under it stays known.
package final class VerificationKey: Sendable {
  /// Identifies this key in this process; unlike an object's address it is never used again.
  let serial: UInt64

  /// What the key is, without its name; equal material is the same key.
  let material: KeyMaterial

  /// All algorithms that the key and the configuration allow; never empty.
  let algorithms: AlgorithmSet

  private let verifiers: [SignatureVerifier?]
  private static let lastSerial = Atomic<UInt64>(0)

  /// Compiles a key for those of `algorithms` that fit it.
  ///
  /// - Throws: `PublicKeyFault` for numbers that are not a key, or too weak a key; `.undecided` if libcrypto failed.
  init(_ material: KeyMaterial, algorithms: AlgorithmSet) throws(PublicKeyFault) {
    let key = try material.publicKey()
    var verifiers = [SignatureVerifier?](repeating: nil, count: Algorithm.allCases.count)
    let fitting = algorithms.intersection(material.algorithms)
    if fitting.isEmpty { throw .rejectedByLibcrypto }
    for algorithm in fitting.algorithms {
      // The scheme fits the key, so without a verifier memory ran out. A key without one of its algorithms would refuse
      // good tokens.
      guard let verifier = key.verifier(for: algorithm.scheme) else { throw .undecided }
      verifiers[algorithm.index] = verifier
    }
    self.material = material
    self.verifiers = verifiers
    self.algorithms = fitting
    serial = Self.lastSerial.add(1, ordering: .relaxed).newValue
  }

  /// Checks the signature over the message, by the first of these algorithms that fits the key.
  func check(
    signature: Span<UInt8>, over message: Span<UInt8>, algorithms wanted: AlgorithmSet
  ) -> SignatureOutcome {
    guard let index = algorithms.intersection(wanted).firstIndex, let verifier = verifiers[index] else { return .bad }
    return verifier.check(signature: signature, over: message)
  }
}

/// The numbers of a public key as a JWK gives them (RFC 7518 section 6, RFC 8037 section 2), leading zeros removed.
enum KeyMaterial: Hashable, Sendable {
  case rsa(modulus: [UInt8], exponent: [UInt8])
  case ec(EllipticCurve, x: [UInt8], y: [UInt8])
  case ed25519([UInt8])
  case ed448([UInt8])

  /// The algorithms that such a key can be used with.
  var algorithms: AlgorithmSet {
    switch self {
    case .rsa: .rsa
    case .ec(let curve, _, _): AlgorithmSet(on: curve)
    case .ed25519: AlgorithmSet(.ed25519)
    case .ed448: AlgorithmSet(.ed448)
    }
  }

  func publicKey() throws(PublicKeyFault) -> PublicKey {
    switch self {
    case .rsa(let modulus, let exponent): try PublicKey.rsa(modulus: modulus, exponent: exponent)
    case .ec(let curve, let x, let y): try PublicKey.ec(curve, x: x, y: y)
    case .ed25519(let raw): try PublicKey.ed25519(raw)
    case .ed448(let raw): try PublicKey.ed448(raw)
    }
  }
}
