import BearerCrypto
import BearerSigning
import Testing

@Suite("SigningKey")
struct SigningKeyTests {
  static let kinds: [SigningKey.Parameters] = [.rsa(bits: 2048), .ec(.p256), .ec(.p384), .ec(.p521), .ed25519, .ed448]

  @Test("a key survives PEM: same kind, same public half, same text again", arguments: kinds)
  func pem(_ kind: SigningKey.Parameters) throws {
    let key = try SigningKey.generate(kind)
    let pem = try key.privatePEM()
    #expect(String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    let again = try SigningKey(pem: pem)
    #expect(again.kind == kind)
    #expect(again.publicParameters == key.publicParameters)
    #expect(try again.privatePEM() == pem)
  }

  @Test(
    "what is not a private key in PEM is refused",
    arguments: [
      "", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\n",
    ])
  func notPEM(_ text: String) {
    #expect(throws: SigningFault.notAPrivateKey) { try SigningKey(pem: Array(text.utf8)) }
  }

  @Test("coordinates have the field's full length, and the RSA exponent is 65537")
  func publicParameters() throws {
    for curve in SigningKey.Curve.allCases {
      guard case .ec(curve, let x, let y) = try SigningKey.generate(.ec(curve)).publicParameters else {
        Issue.record("not the curve \(curve)")
        continue
      }
      #expect(x.count == curve.coordinateBytes)
      #expect(y.count == curve.coordinateBytes)
    }
    guard case .rsa(let n, let e) = try SigningKey.generate(.rsa(bits: 2048)).publicParameters else {
      Issue.record("not RSA")
      return
    }
    #expect(n.count == 256)
    #expect(e == [1, 0, 1])
  }

  @Test("an algorithm signs only with its own kind of key", arguments: kinds)
  func algorithms(_ kind: SigningKey.Parameters) throws {
    let key = try SigningKey.generate(kind)
    for algorithm in AlgorithmCase.all {
      if algorithm.kind == kind {
        #expect(try !key.sign([1], algorithm: algorithm.name).isEmpty)
      } else {
        #expect(throws: SigningFault.algorithmDoesNotFit) { try key.sign([1], algorithm: algorithm.name) }
      }
    }
    for name in ["none", "HS256", "", "rs256", "ES521"] {
      #expect(throws: SigningFault.algorithmDoesNotFit) { try key.sign([1], algorithm: name) }
    }
  }

  @Test("EdDSA is a name for either Edwards curve")
  func edDSA() throws {
    #expect(try SigningKey.generate(.ed25519).sign([], algorithm: "EdDSA").count == 64)
    #expect(try SigningKey.generate(.ed448).sign([], algorithm: "EdDSA").count == 114)
  }

  @Test("an RSA key of an impossible length cannot be generated", arguments: [-1, 0, 100, Int.max])
  func impossible(_ bits: Int) {
    #expect(throws: SigningFault.generationFailed) { try SigningKey.generate(.rsa(bits: bits)) }
  }
}
