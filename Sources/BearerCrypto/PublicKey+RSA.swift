internal import CLibcrypto

extension PublicKey {
  /// Accepted lengths of an RSA modulus in bits.
  ///
  /// Below 2048 RFC 7518 section 3.3 forbids it. Above 8192 a single verification costs so much (it grows with the
  /// square of the length) that one key in a set could slow down a whole daemon; nobody in the field uses more.
  package static let rsaModulusBits = 2048...8192

  /// The least accepted RSA exponent.
  ///
  /// Smaller ones turn small faults of padding checks into forgeries, and no provider needs them. There is no constant
  /// for the greatest, 2^64: it is even, so that every accepted exponent fits in 64 bits. libcrypto has the same bound
  /// for long moduli, because the cost of a verification grows with the exponent's length.
  package static let rsaLeastExponent: UInt64 = 65537

  /// Makes an RSA key (RFC 7518 section 6.3.1).
  ///
  /// - Parameters:
  ///   - modulus: `n`, big endian; leading zero bytes are ignored.
  ///   - exponent: `e`, big endian; leading zero bytes are ignored.
  /// - Returns: The key.
  /// - Throws: ``PublicKeyFault/rsaModulusTooSmall``, ``PublicKeyFault/rsaModulusTooLarge``,
  ///   ``PublicKeyFault/rsaModulusEven``, ``PublicKeyFault/rsaExponentOutOfRange``, ``PublicKeyFault/rsaExponentEven``,
  ///   ``PublicKeyFault/rejectedByLibcrypto``, ``PublicKeyFault/undecided``.
  package static func rsa(modulus: [UInt8], exponent: [UInt8]) throws(PublicKeyFault) -> PublicKey {
    let n = modulus.drop { $0 == 0 }
    let e = exponent.drop { $0 == 0 }

    let modulusBits = n.count * 8 - (n.first?.leadingZeroBitCount ?? 0)
    guard modulusBits >= rsaModulusBits.lowerBound else { throw .rsaModulusTooSmall }
    guard modulusBits <= rsaModulusBits.upperBound else { throw .rsaModulusTooLarge }
    guard let lastByte = n.last, lastByte & 1 == 1 else { throw .rsaModulusEven }

    guard e.count <= UInt64.bitWidth / 8 else { throw .rsaExponentOutOfRange }
    let exponentValue = e.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard exponentValue >= rsaLeastExponent else { throw .rsaExponentOutOfRange }
    guard exponentValue & 1 == 1 else { throw .rsaExponentEven }

    // libcrypto takes integers in the machine's byte order.
    var littleEndianModulus = Array(n.reversed())
    var nativeExponent = exponentValue
    #if _endian(big)
      littleEndianModulus.reverse()
    #endif
    // Safe because both values outlive the closures in which their addresses are used.
    let handle = unsafe littleEndianModulus.withUnsafeMutableBytes { n in
      unsafe withUnsafeMutableBytes(of: &nativeExponent) { e in
        var parameters = unsafe [
          bearerd_param_rsa_n(n.baseAddress, n.count),
          bearerd_param_rsa_e(e.baseAddress, e.count),
          OSSL_PARAM_construct_end(),
        ]
        return unsafe Self.handle(type: "RSA", parameters: &parameters)
      }
    }
    guard let handle = unsafe handle else { throw ErrorQueue.keyFault(ifBlamed: .rejectedByLibcrypto) }
    return unsafe PublicKey(owning: handle, kind: .rsa(modulusBits: modulusBits))
  }
}
