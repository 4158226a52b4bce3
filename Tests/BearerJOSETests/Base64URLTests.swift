import Testing

@testable import BearerJOSE

@Suite("base64url")
struct Base64URLTests {
  @Test(
    "only the canonical encoding is read",
    arguments: [
      ("", []), ("Zg", [0x66]), ("Zm8", [0x66, 0x6F]), ("Zm9v", [0x66, 0x6F, 0x6F]), ("-_-_", [0xFB, 0xFF, 0xBF]),
      // One byte too few, bits left over, padding, the other alphabet, white space, line breaks, not ASCII.
      ("Z", nil), ("Zm9vY", nil), ("Zh", nil), ("Zm9", nil), ("Zg==", nil), ("Zm8=", nil), ("+/+/", nil),
      ("Zm 9", nil), ("Zm9v\n", nil), ("Zm9\u{E9}", nil), ("Zm9v.", nil), ("!m9v", nil), ("Z!9v", nil), ("Zm!v", nil),
      ("Zm9!", nil), ("Zm9vZ!", nil), ("Zm9vZm!", nil),
    ] as [(String, [UInt8]?)])
  func decoding(text: String, bytes: [UInt8]?) {
    #expect(Base64URL.decode(text) == bytes)
  }

  @Test(
    "the vectors of RFC 4648 section 10, without padding, and the two characters that differ from plain base64",
    arguments: [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
      ("foobar", "Zm9vYmFy"),
    ].map { (Array($0.utf8), $1) } + [([0xFB, 0xEF, 0xFF], "--__"), ([0xFF, 0xFF], "__8")] as [([UInt8], String)])
  func encoding(bytes: [UInt8], text: String) {
    #expect(Base64URL.encode(bytes) == text)
  }

  @Test("what is encoded is decoded to the same, at every length and for every byte")
  func roundTrip() {
    for length in 0..<70 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length &* 11) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
    let all = (0...255).map { UInt8($0) }
    #expect(Base64URL.decode(Base64URL.encode(all)) == all)
  }

  @Test("every byte outside the alphabet is refused at every place of a group")
  func alphabet() {
    let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    for byte in UInt8.min...UInt8.max {
      for place in 0..<4 {
        var text = Array("AAAAAAAA".utf8)
        text[place] = byte
        var decoded: [UInt8] = []
        let isValid = Base64URL.decode(text.span, into: &decoded)
        #expect(isValid == alphabet.contains(byte))
      }
    }
  }
}
