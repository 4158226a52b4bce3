internal import CLibcrypto

// libcrypto takes any bytes of the right length for an Edwards key. Two kinds are refused here that it takes:
//
// - Points of small order. For the neutral element, R = neutral and S = 0 is a valid signature of every message; for
//   the others it is one for a good part of all messages. An issuer that publishes such a key, by mistake or not, lets
//   anyone mint tokens in its name. All-zero bytes, the likeliest mistake, are one of them.
// - Encodings whose y is not below the field's prime, which RFC 8032 refuses when it decodes. They exist only for a
//   handful of points, some of them points of small order under a second name.
//
// Whether any other y belongs to a point is left to the verification, which always fails if it does not.

extension PublicKey {
  /// Makes an Ed25519 key (RFC 8037 section 2).
  ///
  /// - Parameter raw: The 32 bytes of RFC 8032 section 5.1.5.
  /// - Returns: The key.
  /// - Throws: ``PublicKeyFault/wrongKeyLength``, ``PublicKeyFault/pointNotCanonical``,
  ///   ``PublicKeyFault/pointOfSmallOrder``, ``PublicKeyFault/rejectedByLibcrypto``, ``PublicKeyFault/undecided``.
  package static func ed25519(_ raw: [UInt8]) throws(PublicKeyFault) -> PublicKey {
    guard raw.count == 32 else { throw .wrongKeyLength }
    // The sign of x is the last byte's top bit; y is the rest, little endian.
    var y = raw
    y[31] &= 0x7f
    // p = 2^255 - 19
    let prime: [UInt8] = [0xed] + Array(repeating: 0xff, count: 30) + [0x7f]
    guard isLess(y, prime) else { throw .pointNotCanonical }
    guard !ed25519SmallOrder.contains(y) else { throw .pointOfSmallOrder }
    return try edwardsKey("ED25519", raw, .ed25519)
  }

  /// Makes an Ed448 key (RFC 8037 section 2).
  ///
  /// - Parameter raw: The 57 bytes of RFC 8032 section 5.2.5.
  /// - Returns: The key.
  /// - Throws: ``PublicKeyFault/wrongKeyLength``, ``PublicKeyFault/pointNotCanonical``,
  ///   ``PublicKeyFault/pointOfSmallOrder``, ``PublicKeyFault/rejectedByLibcrypto``, ``PublicKeyFault/undecided``.
  package static func ed448(_ raw: [UInt8]) throws(PublicKeyFault) -> PublicKey {
    guard raw.count == 57 else { throw .wrongKeyLength }
    // The last byte holds the sign of x in its top bit and nothing else; y is the 56 bytes before it.
    guard raw[56] & 0x7f == 0 else { throw .pointNotCanonical }
    let y = Array(raw.prefix(56))
    // p = 2^448 - 2^224 - 1
    var prime = [UInt8](repeating: 0xff, count: 56)
    prime[28] = 0xfe
    guard isLess(y, prime) else { throw .pointNotCanonical }
    // The order divides 4 where y is 0, 1 or -1.
    var minusOne = prime
    minusOne[0] = 0xfe
    let isZeroOrOne = y[0] <= 1 && y.dropFirst().allSatisfy { $0 == 0 }
    guard !isZeroOrOne, y != minusOne else { throw .pointOfSmallOrder }
    return try edwardsKey("ED448", raw, .ed448)
  }

  /// The y coordinates, little endian, of the eight points of edwards25519 whose order divides 8.
  ///
  /// They are the y of L·P, for arbitrary points P, where L is the prime order of the base point.
  private static let ed25519SmallOrder: Set<[UInt8]> = [
    // 0: order 4
    Array(repeating: 0, count: 32),
    // 1: the neutral element
    [1] + Array(repeating: 0, count: 31),
    // -1: order 2
    [0xec] + Array(repeating: 0xff, count: 30) + [0x7f],
    // The two of order 8, each the other's negative
    [
      0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
      0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
      0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
      0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
  ]

  /// Whether one little-endian number is less than another of the same length.
  private static func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.reversed().lexicographicallyPrecedes(right.reversed())
  }

  /// Safe because the bytes are only read during the call.
  @safe private static func edwardsKey(
    _ type: String, _ raw: [UInt8], _ kind: KeyType
  ) throws(PublicKeyFault) -> PublicKey {
    ErrorQueue.clear()
    guard let handle = unsafe EVP_PKEY_new_raw_public_key_ex(nil, type, nil, raw, raw.count) else {
      throw ErrorQueue.keyFault(ifBlamed: .rejectedByLibcrypto)
    }
    return unsafe PublicKey(owning: handle, kind: kind)
  }
}
