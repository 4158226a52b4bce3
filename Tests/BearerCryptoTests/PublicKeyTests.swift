import BearerSigning
import Testing

@testable import BearerCrypto

@Suite("PublicKey")
struct PublicKeyTests {
  /// An odd number of exactly so many bits; not a product of primes, which nobody can see.
  private func modulus(bits: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x5b, count: (bits + 7) / 8)
    let topBits = (bits - 1) % 8
    bytes[0] = UInt8(1 << topBits) | (0x5b & UInt8((1 << topBits) - 1))
    return bytes
  }

  private let exponent: [UInt8] = [1, 0, 1]

  @Test(
    "a modulus of 2048 to 8192 bits is taken, with leading zero bytes too", arguments: [2048, 2049, 4096, 8191, 8192])
  func modulusInRange(_ bits: Int) throws {
    #expect(try PublicKey.rsa(modulus: modulus(bits: bits), exponent: exponent).kind == .rsa(modulusBits: bits))
    let padded = try PublicKey.rsa(modulus: [0, 0, 0] + modulus(bits: bits), exponent: [0] + exponent)
    #expect(padded.kind == .rsa(modulusBits: bits))
    #expect(padded.verifier(for: .rsaPKCS1(.sha512))?.signatureBytes == (bits + 7) / 8)
    #expect(padded.verifier(for: .rsaPSS(.sha512)) != nil)
  }

  @Test("a modulus below 2048 bits is too small, whatever zeros stand before it", arguments: [1, 8, 512, 1024, 2047])
  func modulusTooSmall(_ bits: Int) {
    #expect(throws: PublicKeyFault.rsaModulusTooSmall) {
      try PublicKey.rsa(modulus: modulus(bits: bits), exponent: exponent)
    }
    #expect(throws: PublicKeyFault.rsaModulusTooSmall) {
      try PublicKey.rsa(modulus: [UInt8](repeating: 0, count: 200) + modulus(bits: bits), exponent: exponent)
    }
  }

  @Test("an empty modulus and one of zeros are too small", arguments: [0, 1, 256, 2000])
  func modulusOfZeros(_ count: Int) {
    #expect(throws: PublicKeyFault.rsaModulusTooSmall) {
      try PublicKey.rsa(modulus: [UInt8](repeating: 0, count: count), exponent: exponent)
    }
  }

  @Test("a modulus above 8192 bits is too large", arguments: [8193, 8200, 16384, 65536])
  func modulusTooLarge(_ bits: Int) {
    #expect(throws: PublicKeyFault.rsaModulusTooLarge) {
      try PublicKey.rsa(modulus: modulus(bits: bits), exponent: exponent)
    }
  }

  @Test("an even modulus is refused")
  func modulusEven() {
    var even = modulus(bits: 2048)
    even[even.count - 1] &= 0xfe
    #expect(throws: PublicKeyFault.rsaModulusEven) {
      try PublicKey.rsa(modulus: even, exponent: exponent)
    }
  }

  @Test(
    "an odd exponent from 65537 to 2^64 is taken",
    arguments: ["010001", "010003", "00000000000000000000010001", "ffffffffffffffff", "7fffffff"])
  func exponentInRange(_ hex: String) throws {
    let key = try PublicKey.rsa(modulus: modulus(bits: 8192), exponent: bytes(hex: hex))
    #expect(key.verifier(for: .rsaPKCS1(.sha256)) != nil)
  }

  @Test(
    "an exponent outside 65537 to 2^64 is refused",
    arguments: ["", "00", "01", "03", "11", "ffff", "010000", "010000000000000001", "ffffffffffffffffff"])
  func exponentOutOfRange(_ hex: String) {
    #expect(throws: PublicKeyFault.rsaExponentOutOfRange) {
      try PublicKey.rsa(modulus: modulus(bits: 2048), exponent: bytes(hex: hex))
    }
  }

  @Test("an even exponent in the range is refused", arguments: ["010002", "fffffffffffffffe"])
  func exponentEven(_ hex: String) {
    #expect(throws: PublicKeyFault.rsaExponentEven) {
      try PublicKey.rsa(modulus: modulus(bits: 2048), exponent: bytes(hex: hex))
    }
  }

  @Test(
    "a coordinate that lost its leading zero bytes makes the same key, a longer one none",
    arguments: [
      (SigningKey.Curve.p256, EllipticCurve.p256, SignatureScheme.ecdsa(.p256, .sha256), "ES256"),
      (.p384, .p384, .ecdsa(.p384, .sha384), "ES384"),
      (.p521, .p521, .ecdsa(.p521, .sha512), "ES512"),
    ])
  func strippedCoordinates(
    _ signing: SigningKey.Curve, _ curve: EllipticCurve, _ scheme: SignatureScheme, _ name: String
  ) throws {
    var strippedX = false
    var strippedY = false
    // One key in 256 has a given zero byte; the bound is one that chance does not reach.
    for _ in 0..<20_000 where !strippedX || !strippedY {
      let key = try SigningKey.generate(.ec(signing))
      guard case .ec(_, let x, let y) = key.publicParameters else { throw SigningFault.unsupportedKey }
      guard (!strippedX && x[0] == 0) || (!strippedY && y[0] == 0) else { continue }
      strippedX = strippedX || x[0] == 0
      strippedY = strippedY || y[0] == 0
      let message = Array("message".utf8)
      let signature = try key.sign(message, algorithm: name)
      let short = try PublicKey.ec(curve, x: Array(x.drop { $0 == 0 }), y: Array(y.drop { $0 == 0 }))
      #expect(short.kind == .ec(curve))
      #expect(short.verifier(for: scheme)?.isValid(signature, over: message) == true)
      #expect(throws: PublicKeyFault.coordinateTooLong) { try PublicKey.ec(curve, x: [0] + x, y: y) }
      #expect(throws: PublicKeyFault.coordinateTooLong) { try PublicKey.ec(curve, x: x, y: [0] + y) }
    }
    #expect(strippedX && strippedY)
  }

  @Test(
    "a point off its curve, on another, or with a coordinate outside the field is refused",
    arguments: EllipticCurve.allCases)
  func offCurve(_ curve: EllipticCurve) throws {
    let kinds: [EllipticCurve: SigningKey.Curve] = [.p256: .p256, .p384: .p384, .p521: .p521]
    let key = try SigningKey.generate(.ec(try #require(kinds[curve])))
    guard case .ec(_, let x, let y) = key.publicParameters else { throw SigningFault.unsupportedKey }
    let zero = [UInt8](repeating: 0, count: curve.coordinateBytes)
    let ones = [UInt8](repeating: 0xff, count: curve.coordinateBytes)
    var flipped = y
    flipped[flipped.count - 1] ^= 1
    let points: [([UInt8], [UInt8])] = [
      (zero, zero), ([], []), (x, zero), (zero, y), (x, []), (x, flipped), (y, x), (ones, ones), (x, ones), ([1], [1]),
    ]
    for (x, y) in points {
      #expect(throws: PublicKeyFault.pointNotOnCurve) { try PublicKey.ec(curve, x: x, y: y) }
      #expect(ErrorQueue.isEmpty)
    }
    #expect(try PublicKey.ec(curve, x: x, y: y).kind == .ec(curve))
    for other in EllipticCurve.allCases where other.coordinateBytes > curve.coordinateBytes {
      #expect(throws: PublicKeyFault.pointNotOnCurve) { try PublicKey.ec(other, x: x, y: y) }
    }
  }

  @Test("an Edwards key of any other length is refused", arguments: [0, 1, 31, 33, 56, 58, 64, 114])
  func edwardsLength(_ count: Int) {
    #expect(throws: PublicKeyFault.wrongKeyLength) { try PublicKey.ed25519([UInt8](repeating: 9, count: count)) }
    #expect(throws: PublicKeyFault.wrongKeyLength) { try PublicKey.ed448([UInt8](repeating: 9, count: count)) }
  }

  @Test(
    "an Ed25519 key of small order is refused, with either sign",
    arguments: [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ])
  func ed25519SmallOrder(_ hex: String) {
    var raw = bytes(hex: hex)
    #expect(throws: PublicKeyFault.pointOfSmallOrder) { try PublicKey.ed25519(raw) }
    raw[31] |= 0x80
    #expect(throws: PublicKeyFault.pointOfSmallOrder) { try PublicKey.ed25519(raw) }
  }

  @Test("an Ed25519 key whose y is the prime or more is refused", arguments: [UInt8(0xed), 0xee, 0xff])
  func ed25519NotCanonical(_ first: UInt8) {
    var raw = [first] + [UInt8](repeating: 0xff, count: 30) + [0x7f]
    #expect(throws: PublicKeyFault.pointNotCanonical) { try PublicKey.ed25519(raw) }
    raw[31] = 0xff
    #expect(throws: PublicKeyFault.pointNotCanonical) { try PublicKey.ed25519(raw) }
  }

  @Test("an Ed448 key of small order, or not canonical, is refused")
  func ed448Points() {
    let zero = [UInt8](repeating: 0, count: 57)
    var one = zero
    one[0] = 1
    var prime = [UInt8](repeating: 0xff, count: 56) + [0]
    prime[28] = 0xfe
    var minusOne = prime
    minusOne[0] = 0xfe
    for var raw in [zero, one, minusOne] {
      #expect(throws: PublicKeyFault.pointOfSmallOrder) { try PublicKey.ed448(raw) }
      raw[56] = 0x80
      #expect(throws: PublicKeyFault.pointOfSmallOrder) { try PublicKey.ed448(raw) }
    }
    #expect(throws: PublicKeyFault.pointNotCanonical) { try PublicKey.ed448(prime) }
    #expect(throws: PublicKeyFault.pointNotCanonical) { try PublicKey.ed448([UInt8](repeating: 0xff, count: 56) + [0]) }
    #expect(throws: PublicKeyFault.pointNotCanonical) { try PublicKey.ed448([UInt8](repeating: 2, count: 56) + [1]) }
  }

  @Test("a key has verifiers for the schemes that fit it, and for no other", arguments: AlgorithmCase.all)
  func fittingSchemes(_ algorithm: AlgorithmCase) throws {
    let key = try SigningKey.generate(algorithm.kind).publicKey()
    for other in AlgorithmCase.all {
      #expect((key.verifier(for: other.scheme) != nil) == (other.kind == algorithm.kind), "\(other.name)")
    }
  }
}
