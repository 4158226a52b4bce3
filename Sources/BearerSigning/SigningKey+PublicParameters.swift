internal import CLibcrypto

extension SigningKey {
  /// The public half, as the members of a JWK hold it before base64url (RFC 7518 section 6, RFC 8037 section 2).
  package enum PublicParameters: Hashable, Sendable {
    /// Modulus and exponent, big endian, without leading zero bytes.
    case rsa(n: [UInt8], e: [UInt8])
    /// Coordinates, big endian, of the field's full length.
    case ec(Curve, x: [UInt8], y: [UInt8])
    /// `Ed25519` or `Ed448`, and the encoded point.
    case okp(crv: String, x: [UInt8])
  }

  /// The public half of the key.
  package var publicParameters: PublicParameters {
    switch kind {
    case .rsa:
      .rsa(n: integer(OSSL_PKEY_PARAM_RSA_N, length: nil), e: integer(OSSL_PKEY_PARAM_RSA_E, length: nil))
    case .ec(let curve):
      .ec(
        curve, x: integer(OSSL_PKEY_PARAM_EC_PUB_X, length: curve.coordinateBytes),
        y: integer(OSSL_PKEY_PARAM_EC_PUB_Y, length: curve.coordinateBytes))
    case .ed25519:
      .okp(crv: "Ed25519", x: rawPublicKey(length: 32))
    case .ed448:
      .okp(crv: "Ed448", x: rawPublicKey(length: 57))
    }
  }

  /// An integer of the key, big endian, padded to a length or as short as can be.
  ///
  /// Safe because the number is freed on every path and the buffer has the length that is named to libcrypto.
  @safe private func integer(_ name: String, length: Int?) -> [UInt8] {
    var number: OpaquePointer?
    let result = unsafe EVP_PKEY_get_bn_param(handle, name, &number)
    defer { unsafe BN_free(number) }
    // Every key has these numbers; there is nothing that a caller could do without them.
    precondition(result == 1, "a private key lacks its public half")
    let count = length ?? (Int(unsafe BN_num_bits(number)) + 7) / 8
    var bytes = [UInt8](repeating: 0, count: count)
    let written = unsafe BN_bn2binpad(number, &bytes, CInt(count))
    precondition(written == CInt(count), "a coordinate is longer than its field")
    return bytes
  }

  /// Safe because the buffer has the length that is named to libcrypto.
  @safe private func rawPublicKey(length: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    var count = length
    let result = unsafe EVP_PKEY_get_raw_public_key(handle, &bytes, &count)
    precondition(result == 1 && count == length, "a private key lacks its public half")
    return bytes
  }
}
