extension Verifier {
  /// Counts the dots and remembers where the first two are.
  mutating func findDots(_ token: Span<UInt8>) -> Int {
    let raw = token.bytes
    var dots = 0
    var at = 0
    while at < token.count {
      if at &+ 32 <= token.count {
        // Safe because the load is bounds-checked and every bit pattern is four UInt64.
        let words = raw.unsafeLoadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self) ^ 0x2E2E_2E2E_2E2E_2E2E
        // A zero byte is a dot. The test may take a byte above a dot for one; the loop below looks at each again.
        let found = (words &- 0x0101_0101_0101_0101) & ~words & 0x8080_8080_8080_8080
        if found[0] | found[1] | found[2] | found[3] == 0 {
          at &+= 32
          continue
        }
      }
      for index in at..<min(at &+ 32, token.count) where token[index] == UInt8(ascii: ".") {
        dots += 1
        if dots == 1 { headerEnd = index }
        if dots == 2 { payloadEnd = index }
      }
      at &+= 32
    }
    return dots
  }
}
