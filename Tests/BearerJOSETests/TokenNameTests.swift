import Testing

@testable import BearerJOSE

@Suite struct TokenNameTests {
  /// The hash as it is written down, one word after the other.
  private func slowHash(_ bytes: [UInt8], _ key: UInt64) -> UInt64 {
    let prime = UInt128(TokenNamer.prime)
    var sum: UInt128 = 0
    for start in stride(from: 0, to: bytes.count, by: 7) {
      let word = bytes[start..<min(start + 7, bytes.count)].reversed().reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
      sum = (sum + word) * UInt128(key) % prime
    }
    return UInt64((sum + UInt128(bytes.count)) % prime)
  }

  @Test(
    "a name is two values of the token's polynomial",
    arguments: [
      (0, 0), (1, 1), (0x1234_5678_9ABC_DEF, 0xFED_CBA9_8765_432), (TokenNamer.prime - 1, TokenNamer.prime - 2),
    ] as [(UInt64, UInt64)])
  func polynomial(_ first: UInt64, _ second: UInt64) {
    let namer = TokenNamer(first, second)
    for length in Array(0...130) + [700, 1023, 16384] {
      for text in [
        [UInt8](repeating: 0xFF, count: length), [UInt8](repeating: 0, count: length),
        (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) },
      ] {
        let name = namer.name(of: text.span)
        #expect(name == TokenName(first: slowHash(text, first), second: slowHash(text, second)), "\(length)")
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
    for length in 0...64 { insert([UInt8](repeating: 0, count: length)) }
    for length in [1, 6, 7, 8, 28, 29, 57, 100] {
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
