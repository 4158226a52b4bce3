/// The well-formed byte sequences of RFC 3629 section 4 beyond ASCII.
enum UTF8Sequence {
  /// The length of the well-formed sequence of two to four bytes at `at`, or `nil` where there is none.
  ///
  /// Overlong forms, surrogates and values above U+10FFFF are not well-formed: they would be a second spelling of
  /// some text, or no text at all.
  static func length(_ bytes: Span<UInt8>, at: Int) -> Int? {
    let available = bytes.count - at
    guard available >= 2 else { return nil }
    let first = bytes[at]
    let second = bytes[at + 1]
    switch first {
    case 0xC2...0xDF:
      return isContinuation(second) ? 2 : nil
    case 0xE0...0xEF:
      guard available >= 3, isContinuation(second), isContinuation(bytes[at + 2]) else { return nil }
      if first == 0xE0, second < 0xA0 { return nil }
      if first == 0xED, second >= 0xA0 { return nil }
      return 3
    case 0xF0...0xF4:
      guard available >= 4, isContinuation(second), isContinuation(bytes[at + 2]), isContinuation(bytes[at + 3])
      else { return nil }
      if first == 0xF0, second < 0x90 { return nil }
      if first == 0xF4, second >= 0x90 { return nil }
      return 4
    default:
      return nil
    }
  }

  private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}

/// The value of a hexadecimal digit in either case, or `nil`.
func hexadecimalValue(_ byte: UInt8) -> UInt32? {
  switch byte {
  case 0x30...0x39: UInt32(byte) - 0x30
  case 0x41...0x46: UInt32(byte) - 0x41 + 10
  case 0x61...0x66: UInt32(byte) - 0x61 + 10
  default: nil
  }
}
