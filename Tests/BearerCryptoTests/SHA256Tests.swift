import BearerCrypto
import BearerSigning
import Testing

@Suite("SHA256 and HMACSHA256")
struct SHA256Tests {
  @Test(
    "the digests of FIPS 180-4's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func digest(_ text: String, _ hex: String) {
    #expect(SHA256.digest(of: Array(text.utf8)) == bytes(hex: hex))
  }

  @Test("the four words are the digest's bytes")
  func words() {
    let input = Array("abc".utf8)
    let words = SHA256.digest(of: input.span)
    let fromWords = [words.0, words.1, words.2, words.3].flatMap { word in
      withUnsafeBytes(of: word) { Array($0) }
    }
    #expect(fromWords == SHA256.digest(of: input))
  }

  @Test("the codes of RFC 4231's examples, and of an empty key")
  func hmac() {
    #expect(
      HMACSHA256.hmacSHA256(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        == bytes(hex: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    #expect(
      HMACSHA256.hmacSHA256(
        key: [UInt8](repeating: 0xaa, count: 131),
        message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        == bytes(hex: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))
    #expect(
      HMACSHA256.hmacSHA256(key: [], message: [])
        == bytes(hex: "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"))
  }
}
