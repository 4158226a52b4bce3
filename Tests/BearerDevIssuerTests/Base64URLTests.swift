import BearerDevIssuer
import Testing

@Suite struct Base64URLTests {
  @Test(
    "the vectors of RFC 4648 section 10, without padding",
    arguments: [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
      ("foobar", "Zm9vYmFy"),
    ])
  func encodesTheStandardVectors(text: String, expected: String) {
    #expect(Base64URL.encode(Array(text.utf8)) == expected)
  }

  @Test("the two characters that differ from plain base64")
  func usesTheURLAlphabet() {
    #expect(Base64URL.encode([0xfb, 0xef, 0xff]) == "--__")
    #expect(Base64URL.encode([0xff, 0xff]) == "__8")
  }
}
