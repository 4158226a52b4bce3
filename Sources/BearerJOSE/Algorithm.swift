package import BearerCrypto

/// A signature algorithm that a verifier may accept (RFC 7518 section 3.1, RFC 8037, RFC 9864).
///
/// This is the one table: names, key types, curves and schemes are looked up here and nowhere else. HMAC and `none`
/// have no entry, so nothing that is configured or sent can select them.
package enum Algorithm: String, CaseIterable, Sendable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case ps256 = "PS256"
  case ps384 = "PS384"
  case ps512 = "PS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"
  /// Ed25519 under either of its names: `EdDSA` (RFC 8037) with an Ed25519 key, or `Ed25519` (RFC 9864).
  case ed25519 = "Ed25519"
  /// Ed448 under either of its names: `EdDSA` (RFC 8037) with an Ed448 key, or `Ed448` (RFC 9864).
  case ed448 = "Ed448"

  /// The scheme by which libcrypto verifies it.
  package var scheme: SignatureScheme {
    switch self {
    case .rs256: .rsaPKCS1(.sha256)
    case .rs384: .rsaPKCS1(.sha384)
    case .rs512: .rsaPKCS1(.sha512)
    case .ps256: .rsaPSS(.sha256)
    case .ps384: .rsaPSS(.sha384)
    case .ps512: .rsaPSS(.sha512)
    case .es256: .ecdsa(.p256, .sha256)
    case .es384: .ecdsa(.p384, .sha384)
    case .es512: .ecdsa(.p521, .sha512)
    case .ed25519: .ed25519
    case .ed448: .ed448
    }
  }

  /// Its place in the table, for arrays indexed by algorithm.
  var index: Int {
    switch self {
    case .rs256: 0
    case .rs384: 1
    case .rs512: 2
    case .ps256: 3
    case .ps384: 4
    case .ps512: 5
    case .es256: 6
    case .es384: 7
    case .es512: 8
    case .ed25519: 9
    case .ed448: 10
    }
  }
}

/// A set of algorithms that costs nothing to intersect.
package struct AlgorithmSet: OptionSet, Hashable, Sendable {
  /// One bit for each algorithm, in the table's order.
  package let rawValue: UInt16

  /// A set from its bits.
  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// The set of one algorithm.
  package init(_ algorithm: Algorithm) {
    rawValue = 1 << UInt16(algorithm.index)
  }

  /// The set of these algorithms.
  package init(_ algorithms: some Sequence<Algorithm>) {
    self = algorithms.reduce(into: []) { $0.formUnion(AlgorithmSet($1)) }
  }

  /// The algorithms that sign with keys on a curve.
  init(on curve: EllipticCurve) {
    self.init(
      Algorithm.allCases.filter { algorithm in
        if case .ecdsa(curve, _) = algorithm.scheme { true } else { false }
      })
  }

  /// All that an `alg` value of RFC 7518, RFC 8037 or RFC 9864 may stand for; empty if it names none of the table.
  ///
  /// `EdDSA` names two: the key decides which.
  package init(named name: String) {
    // No name in the table is longer. An attacker may send a long one, and comparing all of it could take longer than
    // judging the token.
    guard name.utf8.count <= Self.longestName else {
      self = []
      return
    }
    if name == "EdDSA" {
      self = [Self(.ed25519), Self(.ed448)]
    } else {
      self = Algorithm(rawValue: name).map { Self($0) } ?? []
    }
  }

  private static let longestName = Algorithm.allCases.map(\.rawValue.utf8.count).max() ?? 0

  /// The algorithms in the table's order.
  package var algorithms: [Algorithm] { Algorithm.allCases.filter { contains(Self($0)) } }

  /// The index of the first algorithm, or `nil` if the set is empty.
  var firstIndex: Int? { isEmpty ? nil : rawValue.trailingZeroBitCount }

  /// RSASSA-PKCS1-v1_5 and RSASSA-PSS, whatever their digest.
  static let rsa = AlgorithmSet([.rs256, .rs384, .rs512, .ps256, .ps384, .ps512])
}
