/// Finds the end of the ASCII that needs no escaping in a JSON string: the bulk of every line, token and claim.
///
/// Several bytes are looked at in one step. In `marks` the high bit of a byte is set if the byte is a quotation mark, a
/// backslash, a control character or not ASCII. A borrow of the subtractions may mark a plain byte too, but only after a
/// byte that is marked correctly. The first byte of the text is the lowest of the word, so the lowest mark is always right.
enum PlainText {
  /// The offset of the first byte from `start` on that needs escaping or is not ASCII, or the count of all.
  static func end(_ bytes: Span<UInt8>, from start: Int) -> Int {
    let raw = bytes.bytes
    var at = start
    // First a short step, because most strings are names and short values; then long ones for the tokens.
    if at &+ 8 <= bytes.count {
      // Safe, here and below, because the load is bounds-checked and every bit pattern is a UInt64.
      let found = marks(raw.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
      if found != 0 { return at &+ found.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at &+ 32 <= bytes.count {
      let found = marks(raw.unsafeLoadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self))
      if found[0] | found[1] | found[2] | found[3] != 0 { break }
      at &+= 32
    }
    while at &+ 8 <= bytes.count {
      let found = marks(raw.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
      if found != 0 { return at &+ found.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < bytes.count, isPlain(bytes[at]) { at &+= 1 }
    return at
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  @inline(__always)
  private static func marks(_ word: UInt64) -> UInt64 {
    let quote = word ^ 0x2222_2222_2222_2222
    let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
    let special = (word &- 0x2020_2020_2020_2020) | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
    return (word | special) & 0x8080_8080_8080_8080
  }

  @inline(__always)
  private static func marks(_ words: SIMD4<UInt64>) -> SIMD4<UInt64> {
    let quote = words ^ 0x2222_2222_2222_2222
    let backslash = words ^ 0x5C5C_5C5C_5C5C_5C5C
    let special = (words &- 0x2020_2020_2020_2020) | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
    return (words | special) & 0x8080_8080_8080_8080
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
}
