import BearerCrypto
import Testing

@Suite struct SHA256Tests {
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
}
