import BearerCrypto
import BearerDevIssuer
import BearerJSON
import BearerSigning
import BearerTestKit
import Testing

@Suite struct IssuerKeyTests {
  @Test("the published key verifies what the private key signed", arguments: SigningAlgorithm.allCases)
  func publishedKeyVerifies(algorithm: SigningAlgorithm) throws {
    let key = try CachedKeys.key(algorithm)
    let token = try key.sign(header: Array("{}".utf8), payload: Array("[]".utf8))
    let parts = token.split(separator: ".")
    try #require(parts.count == 3)
    #expect(parts[0] == "e30")
    #expect(parts[1] == "W10")

    let verifier = try #require(try publicKey(key.jwk).verifier(for: scheme(algorithm)))
    let signature = try decode(String(parts[2]))
    // Outside of #expect, which cannot take a span.
    let signed = Array("e30.W10".utf8)
    let other = Array("e30.W11".utf8)
    let isValid = verifier.check(signature: signature.span, over: signed.span) == .good
    let isValidForOther = verifier.check(signature: signature.span, over: other.span) == .good
    #expect(isValid)
    #expect(!isValidForOther)
  }

  @Test("the JSON Web Key names the key, its algorithm and its use, and holds nothing private")
  func members() throws {
    let key = try CachedKeys.key(.es256, named: "members")
    #expect(key.jwk.members.map(\.name) == ["alg", "kid", "use", "kty", "crv", "x", "y"])
    #expect(key.jwk["alg"] == "ES256")
    #expect(key.jwk["kid"] == "members")
    #expect(key.jwk["use"] == "sig")
    #expect(key.jwk["crv"] == "P-256")
    let rsa = try CachedKeys.key(.rs256)
    #expect(rsa.jwk.members.map(\.name) == ["alg", "kid", "use", "kty", "n", "e"])
    #expect(rsa.jwk["e"] == "AQAB")
    #expect(try CachedKeys.key(.edDSA).jwk.members.map(\.name) == ["alg", "kid", "use", "kty", "crv", "x"])
  }

  @Test("two keys made for one algorithm have two names")
  func namesDiffer() throws {
    let first = try IssuerKey.generate(.es256)
    let second = try IssuerKey.generate(.es256)
    #expect(first.kid != second.kid)
    #expect(first.kid.hasPrefix("es256-"))
  }

  @Test("a key that does not fit the algorithm cannot sign")
  func misfit() throws {
    let key = IssuerKey(kid: "k", algorithm: .rs256, signingKey: try SigningKey.generate(.ed25519))
    #expect {
      try key.sign(header: [], payload: [])
    } throws: { error in
      guard case .signing(.algorithmDoesNotFit) = error as? DevIssuerError else { return false }
      return true
    }
  }

  private func publicKey(_ jwk: JSONObject) throws -> PublicKey {
    func bytes(_ name: String) throws -> [UInt8] { try decode(#require(jwk[name]?.stringValue)) }
    switch (jwk["kty"], jwk["crv"]) {
    case ("RSA", nil): return try PublicKey.rsa(modulus: bytes("n"), exponent: bytes("e"))
    case ("EC", "P-256"): return try PublicKey.ec(.p256, x: bytes("x"), y: bytes("y"))
    case ("EC", "P-384"): return try PublicKey.ec(.p384, x: bytes("x"), y: bytes("y"))
    case ("EC", "P-521"): return try PublicKey.ec(.p521, x: bytes("x"), y: bytes("y"))
    case ("OKP", "Ed25519"): return try PublicKey.ed25519(bytes("x"))
    case ("OKP", "Ed448"): return try PublicKey.ed448(bytes("x"))
    default: throw Unexpected()
    }
  }

  private func scheme(_ algorithm: SigningAlgorithm) -> SignatureScheme {
    switch algorithm {
    case .rs256: .rsaPKCS1(.sha256)
    case .rs384: .rsaPKCS1(.sha384)
    case .rs512: .rsaPKCS1(.sha512)
    case .ps256: .rsaPSS(.sha256)
    case .ps384: .rsaPSS(.sha384)
    case .ps512: .rsaPSS(.sha512)
    case .es256: .ecdsa(.p256, .sha256)
    case .es384: .ecdsa(.p384, .sha384)
    case .es512: .ecdsa(.p521, .sha512)
    case .edDSA, .ed25519: .ed25519
    case .ed448: .ed448
    }
  }

  /// Decodes base64url by search in the alphabet: slow, and plainly not the encoder turned round.
  private func decode(_ text: String) throws -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var bits = ""
    for character in text {
      let value = String(try #require(alphabet.firstIndex(of: character)), radix: 2)
      bits += String(repeating: "0", count: 6 - value.count) + value
    }
    var bytes: [UInt8] = []
    while bits.count >= 8 {
      bytes.append(try #require(UInt8(bits.prefix(8), radix: 2)))
      bits.removeFirst(8)
    }
    return bytes
  }

  private struct Unexpected: Error {}
}
