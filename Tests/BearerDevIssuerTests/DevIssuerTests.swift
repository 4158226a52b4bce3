import BearerDevIssuer
import BearerJSON
import BearerTestKit
import Testing

@Suite struct DevIssuerTests {
  @Test("a minted token names the default key, and the caller's changes are in it")
  func mint() throws {
    let ring = KeyRing([try CachedKeys.key(.es256)])
    let issuer = DevIssuer(url: "https://issuer.test", keyStore: ring)
    let token = try issuer.mint(now: 1_000_000) { $0.subject = "someone" }
    let expectedHeader = TestKey.base64URL(Array(#"{"alg":"ES256","kid":"es256","typ":"at+jwt"}"#.utf8))
    #expect(token.split(separator: ".").first.map(String.init) == expectedHeader)
    #expect(token.split(separator: ".").count == 3)
  }

  @Test("an issuer without a key cannot mint")
  func noKey() {
    let issuer = DevIssuer(url: "https://issuer.test", keyStore: KeyRing())
    #expect {
      try issuer.mint()
    } throws: { error in
      guard case .noKey = error as? DevIssuerError else { return false }
      return true
    }
  }

  @Test("a removed key leaves the key set")
  func removedKey() throws {
    let ring = KeyRing([try CachedKeys.key(.es256), try CachedKeys.key(.edDSA)])
    let issuer = DevIssuer(url: "https://issuer.test", keyStore: ring)
    ring.remove(kid: "es256")
    #expect(try issuer.keySet() == ["keys": [.object(try CachedKeys.key(.edDSA).jwk)]])
  }
}
