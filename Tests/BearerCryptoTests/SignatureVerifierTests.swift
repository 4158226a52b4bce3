import BearerSigning
import Testing

@testable import BearerCrypto

@Suite("SignatureVerifier")
struct SignatureVerifierTests {
  static let message = Array("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0".utf8)

  @Test(
    "a signature verifies; with a bit flipped anywhere, another message or another key it does not",
    arguments: AlgorithmCase.all)
  func roundTrip(_ algorithm: AlgorithmCase) throws {
    let key = try SigningKey.generate(algorithm.kind)
    let verifier = try #require(try key.publicKey().verifier(for: algorithm.scheme))
    let signature = try key.sign(Self.message, algorithm: algorithm.name)
    #expect(signature.count == verifier.signatureBytes)
    #expect(verifier.isValid(signature, over: Self.message))

    for index in [0, 1, signature.count / 2 - 1, signature.count / 2, signature.count - 2, signature.count - 1] {
      for bit in [UInt8(0x01), 0x80] {
        var flipped = signature
        flipped[index] ^= bit
        #expect(!verifier.isValid(flipped, over: Self.message), "byte \(index), bit \(bit)")
        #expect(ErrorQueue.isEmpty)
      }
    }
    for index in Self.message.indices {
      var flipped = Self.message
      flipped[index] ^= 1
      #expect(!verifier.isValid(signature, over: flipped))
    }
    #expect(!verifier.isValid(signature, over: Self.message + [0]))
    #expect(!verifier.isValid(signature, over: Array(Self.message.dropLast())))

    let other = try #require(try SigningKey.generate(algorithm.kind).publicKey().verifier(for: algorithm.scheme))
    #expect(!other.isValid(signature, over: Self.message))
    #expect(ErrorQueue.isEmpty)

    // The contexts that saw all the bad ones are the ones that see this.
    #expect(verifier.isValid(signature, over: Self.message))
  }

  @Test("an empty message and a long one verify", arguments: AlgorithmCase.all)
  func lengths(_ algorithm: AlgorithmCase) throws {
    let key = try SigningKey.generate(algorithm.kind)
    let verifier = try #require(try key.publicKey().verifier(for: algorithm.scheme))
    for message in [[], [0], [UInt8](repeating: 0x61, count: 100_000)] {
      let signature = try key.sign(message, algorithm: algorithm.name)
      #expect(verifier.isValid(signature, over: message))
      #expect(!verifier.isValid(signature, over: message + [1]))
    }
  }

  @Test("a signature that is one byte short, one long, empty or doubled is invalid", arguments: AlgorithmCase.all)
  func wrongLengths(_ algorithm: AlgorithmCase) throws {
    let key = try SigningKey.generate(algorithm.kind)
    let verifier = try #require(try key.publicKey().verifier(for: algorithm.scheme))
    let signature = try key.sign(Self.message, algorithm: algorithm.name)
    let wrong = [
      [], Array(signature.dropLast()), Array(signature.dropFirst()), signature + [0], [0] + signature,
      signature + signature,
    ]
    for signature in wrong {
      #expect(!verifier.isValid(signature, over: Self.message))
    }
    #expect(ErrorQueue.isEmpty)
  }

  @Test("no other scheme that fits the key takes the signature", arguments: AlgorithmCase.all)
  func wrongScheme(_ algorithm: AlgorithmCase) throws {
    let key = try SigningKey.generate(algorithm.kind)
    let publicKey = try key.publicKey()
    let signature = try key.sign(Self.message, algorithm: algorithm.name)
    for other in AlgorithmCase.all where other.scheme != algorithm.scheme {
      if let verifier = publicKey.verifier(for: other.scheme) {
        #expect(other.kind == algorithm.kind)
        #expect(!verifier.isValid(signature, over: Self.message), "\(other.name)")
      } else {
        #expect(other.kind != algorithm.kind)
      }
    }
    #expect(ErrorQueue.isEmpty)
  }

  @Test(
    "r or s of zero, or at or above the group's order, is invalid and leaves no error",
    arguments: [
      (
        SigningKey.Curve.p256, "ES256", EllipticCurve.p256,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
      ),
      (
        .p384, "ES384", .p384,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
      ),
      (
        .p521, "ES512", .p521,
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
      ),
    ])
  func outOfRange(_ curve: SigningKey.Curve, _ name: String, _ group: EllipticCurve, _ orderHex: String) throws {
    let key = try SigningKey.generate(.ec(curve))
    let digest: DigestAlgorithm = curve == .p256 ? .sha256 : curve == .p384 ? .sha384 : .sha512
    let verifier = try #require(try key.publicKey().verifier(for: .ecdsa(group, digest)))
    let good = try key.sign(Self.message, algorithm: name)
    let length = group.coordinateBytes
    let order = bytes(hex: orderHex)
    try #require(order.count == length)
    var one = [UInt8](repeating: 0, count: length)
    one[length - 1] = 1
    var orderPlusOne = order
    orderPlusOne[length - 1] += 1
    let halves = [
      [UInt8](repeating: 0, count: length), one, order, orderPlusOne, [UInt8](repeating: 0xff, count: length),
    ]
    for half in halves {
      for signature in [half + good.suffix(length), good.prefix(length) + half] + halves.map({ half + $0 }) {
        #expect(!verifier.isValid(Array(signature), over: Self.message))
        #expect(ErrorQueue.isEmpty)
      }
    }
    // r + n is congruent to r; where it fits the length it is a second form of the same signature, and refused.
    if let shifted = sum(Array(good.prefix(length)), order) {
      #expect(!verifier.isValid(shifted + good.suffix(length), over: Self.message))
    }
    #expect(verifier.isValid(good, over: Self.message))
  }

  @Test("an ECDSA signature in DER is invalid, also where its length is that of r || s")
  func derIsRefused() throws {
    let key = try SigningKey.generate(.ec(.p256))
    let verifier = try #require(try key.publicKey().verifier(for: .ecdsa(.p256, .sha256)))
    let good = try key.sign(Self.message, algorithm: "ES256")
    var storage = [UInt8](repeating: 0, count: 141)
    var output = storage.mutableSpan
    let count = try #require(ECDSASignature.writeDER(of: good.span, coordinateBytes: 32, to: &output))
    let der = Array(storage.prefix(count))
    #expect(!verifier.isValid(der, over: Self.message))
    #expect(!verifier.isValid(Array(der.prefix(64)), over: Self.message))
    #expect(!verifier.isValid(der + [UInt8](repeating: 0, count: max(0, 64 - der.count)), over: Self.message))
  }

  @Test("a PSS signature without its leading zero byte is invalid", arguments: ["PS256", "RS256"])
  func strippedSignature(_ name: String) throws {
    let key = try SigningKey.generate(.rsa(bits: 2048))
    let scheme: SignatureScheme = name == "PS256" ? .rsaPSS(.sha256) : .rsaPKCS1(.sha256)
    let verifier = try #require(try key.publicKey().verifier(for: scheme))
    // One signature in 256 begins with zero; the bound is one that chance does not reach.
    for counter in 0..<20_000 {
      let message = Array("message \(counter)".utf8)
      let signature = try key.sign(message, algorithm: name)
      guard signature[0] == 0 else { continue }
      #expect(verifier.isValid(signature, over: message))
      #expect(!verifier.isValid(Array(signature.dropFirst()), over: message))
      return
    }
    Issue.record("no signature began with a zero byte")
  }

  @Test("a modulus whose length is not a multiple of eight bits has signatures of whole bytes")
  func oddModulusLength() throws {
    let key = try SigningKey.generate(.rsa(bits: 2050))
    let verifier = try #require(try key.publicKey().verifier(for: .rsaPSS(.sha256)))
    #expect(verifier.signatureBytes == 257)
    let signature = try key.sign(Self.message, algorithm: "PS256")
    #expect(verifier.isValid(signature, over: Self.message))
  }

  @Test("many tasks at once on one verifier all get the right answer", arguments: AlgorithmCase.all)
  func concurrency(_ algorithm: AlgorithmCase) async throws {
    let key = try SigningKey.generate(algorithm.kind)
    let verifier = try #require(try key.publicKey().verifier(for: algorithm.scheme))
    let signed = try (0..<8).map { index in
      let message = Array("message \(index)".utf8)
      return (message: message, signature: try key.sign(message, algorithm: algorithm.name))
    }
    let wrong = await withTaskGroup(of: Int.self) { group in
      for task in 0..<16 {
        group.addTask {
          var wrong = 0
          for round in 0..<64 {
            let one = signed[(task + round) % 8]
            let other = signed[(task + round + 1) % 8]
            if !verifier.isValid(one.signature, over: one.message) { wrong += 1 }
            if verifier.isValid(one.signature, over: other.message) { wrong += 1 }
            if !ErrorQueue.isEmpty { wrong += 1 }
          }
          return wrong
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }

  @Test("a verifier outlives the last reference to its key elsewhere")
  func lifetime() throws {
    let key = try SigningKey.generate(.ed25519)
    var publicKey: PublicKey? = try key.publicKey()
    let verifier = try #require(publicKey?.verifier(for: .ed25519))
    publicKey = nil
    #expect(verifier.isValid(try key.sign(Self.message, algorithm: "EdDSA"), over: Self.message))
  }

  private func sum(_ left: [UInt8], _ right: [UInt8]) -> [UInt8]? {
    var carry = 0
    var result = left
    for index in left.indices.reversed() {
      let sum = Int(left[index]) + Int(right[index]) + carry
      result[index] = UInt8(sum & 0xff)
      carry = sum >> 8
    }
    return carry == 0 ? result : nil
  }
}
