import Testing

@testable import BearerJOSE

@Suite struct TokenNameTests {
  /// The hash as it is written down, one word after the other, with the secret words from `shift` on.
  private func slowHash(_ bytes: [UInt8], _ key: UInt64, shift: Int) -> UInt64 {
    let prime = UInt128(TokenNamer.prime)
    var sum: UInt128 = 0
    for block in stride(from: 0, to: bytes.count, by: 512) {
      let filled = Array(bytes[block..<min(block + 512, bytes.count)]) + [UInt8](repeating: 0, count: 15)
      var number: UInt128 = 0
      for pair in 0..<filled.count / 16 {
        let sums = (0..<2).map { odd in
          let word = (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(filled[pair * 16 + odd * 8 + $1]) }
          return UInt128(word &+ Self.secret(2 * pair + odd + shift))
        }
        number = number &+ sums[0] * sums[1]
      }
      for word in [number & (1 << 56 - 1), number >> 56 & (1 << 56 - 1), number >> 112] {
        sum = (sum + word) * UInt128(key) % prime
      }
    }
    return UInt64((sum + UInt128(bytes.count)) % prime)
  }

  /// The secret word of a place.
  private static func secret(_ place: Int) -> UInt64 {
    place % 5 == 4 ? .max : UInt64(place + 1) &* 0x9E37_79B9_7F4A_7C15
  }

  @Test(
    "a name is two polynomials of the numbers of a token's blocks",
    arguments: [
      (0, 0), (1, 1), (0x1234_5678_9ABC_DEF, 0xFED_CBA9_8765_432), (TokenNamer.prime - 1, TokenNamer.prime - 2),
    ] as [(UInt64, UInt64)])
  func polynomials(_ first: UInt64, _ second: UInt64) {
    let namer = TokenNamer(first, second, word: Self.secret)
    for length in Array(0...600) + [1023, 1024, 1025, 16384] {
      for text in [
        [UInt8](repeating: 0xFF, count: length), [UInt8](repeating: 0, count: length),
        (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) },
      ] {
        let name = namer.name(of: text.span)
        let expected = TokenName(first: slowHash(text, first, shift: 0), second: slowHash(text, second, shift: 2))
        #expect(name == expected, "\(length)")
      }
    }
  }

  @Test("tokens that differ in one bit, or in zero bytes at an end, have different names")
  func different() {
    let namer = TokenNamer()
    var names: Set<TokenName> = []
    var count = 0
    func insert(_ text: [UInt8]) {
      names.insert(namer.name(of: text.span))
      count += 1
    }
    for length in 0...600 { insert([UInt8](repeating: 0, count: length)) }
    for length in [1, 7, 8, 9, 15, 16, 17, 33, 100, 511, 512, 513, 600] {
      for bit in 0..<8 * length {
        var text = [UInt8](repeating: 0, count: length)
        text[bit / 8] |= 1 << UInt8(bit % 8)
        insert(text)
      }
    }
    #expect(names.count == count)
  }

  @Test("each cache has names of its own")
  func secrets() {
    let token = Array("a.b.c".utf8)
    #expect(TokenNamer().name(of: token.span) != TokenNamer().name(of: token.span))
  }
}
