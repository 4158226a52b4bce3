internal import CLibcrypto

extension PublicKey {
  /// Makes a key from a point on a prime curve (RFC 7518 section 6.2.1).
  ///
  /// RFC 7518 section 6.2.1.2 demands coordinates of the field's full length. A provider in the field strips leading
  /// zero bytes, so that one key in 128 comes out short; such coordinates are padded again. Nothing is lost by it: the
  /// point must be on the curve all the same.
  ///
  /// - Parameters:
  ///   - curve: The curve.
  ///   - x: The first coordinate, big endian, at most `curve.coordinateBytes` long.
  ///   - y: The second coordinate, likewise.
  /// - Returns: The key.
  /// - Throws: ``PublicKeyFault/coordinateTooLong``, ``PublicKeyFault/pointNotOnCurve``,
  ///   ``PublicKeyFault/rejectedByLibcrypto``, ``PublicKeyFault/undecided``.
  package static func ec(_ curve: EllipticCurve, x: [UInt8], y: [UInt8]) throws(PublicKeyFault) -> PublicKey {
    let length = curve.coordinateBytes
    guard x.count <= length, y.count <= length else { throw .coordinateTooLong }

    // The uncompressed form of SEC 1 section 2.3.3. Its first byte is fixed here, so that neither the point at infinity
    // nor a compressed point can be expressed.
    var point: [UInt8] = [0x04]
    point.reserveCapacity(1 + 2 * length)
    for coordinate in [x, y] {
      point.append(contentsOf: repeatElement(0, count: length - coordinate.count))
      point.append(contentsOf: coordinate)
    }

    let name = curve.groupName
    // Safe because the name lives as long as the process and the point as long as the closure, and libcrypto only reads
    // them.
    let handle: OpaquePointer? = unsafe point.withUnsafeMutableBytes { point in
      let nameAddress = unsafe UnsafeMutableRawPointer(mutating: name.utf8Start).assumingMemoryBound(to: CChar.self)
      var parameters = unsafe [
        bearerd_param_ec_group(nameAddress, name.utf8CodeUnitCount),
        bearerd_param_ec_point(point.baseAddress, point.count),
        OSSL_PARAM_construct_end(),
      ]
      return unsafe Self.handle(type: "EC", parameters: &parameters)
    }
    // libcrypto decodes the point here and refuses coordinates outside the field and points off the curve.
    guard let handle = unsafe handle else { throw ErrorQueue.keyFault(ifBlamed: .pointNotOnCurve) }
    let key = unsafe PublicKey(owning: handle, kind: .ec(curve))
    guard key.passesLibcryptoCheck else { throw ErrorQueue.keyFault(ifBlamed: .pointNotOnCurve) }
    return key
  }

  /// Whether libcrypto's own validation of a public key accepts this one (SP 800-56A section 5.6.2.3.4); if not, its
  /// reasons are in the queue.
  ///
  /// These curves have cofactor 1, so a point on the curve that is not infinity has the right order.
  ///
  /// Safe because the context is freed on every path and does not outlive the key.
  @safe private var passesLibcryptoCheck: Bool {
    guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle, nil) else { return false }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    return unsafe EVP_PKEY_public_check_quick(context) == 1
  }
}
