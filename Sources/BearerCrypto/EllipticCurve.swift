/// A prime curve of FIPS 186-5 on which JOSE signs (RFC 7518 section 6.2.1.1).
package enum EllipticCurve: Hashable, Sendable, CaseIterable {
  case p256
  case p384
  case p521

  /// The length in bytes of a coordinate, and of each half of a signature (RFC 7518 section 3.4).
  package var coordinateBytes: Int {
    switch self {
    case .p256: 32
    case .p384: 48
    case .p521: 66
    }
  }

  /// libcrypto's name of the curve; a literal, because only literals surely end with the NUL that libcrypto needs.
  var groupName: StaticString {
    switch self {
    case .p256: "P-256"
    case .p384: "P-384"
    case .p521: "P-521"
    }
  }
}
