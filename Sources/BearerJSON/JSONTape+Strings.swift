/// Strings (RFC 8259 section 7): valid UTF-8, known escapes, whole surrogate pairs, no raw control character.
extension JSONTape {
  /// Reads the string whose quotation mark is at `start`; returns the offset after its other one.
  mutating func readString(_ bytes: Span<UInt8>, at start: Int) throws(JSONError) -> Int {
    var at = start + 1
    var hasEscapes = false
    while true {
      at = PlainText.end(bytes, from: at)
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        add(.string, hasEscapes: hasEscapes, from: start + 1, to: at)
        return at + 1
      } else if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        at = try skipEscape(bytes, at: at)
      } else if byte >= 0x80 {
        guard let length = UTF8Sequence.length(bytes, at: at) else { throw JSONError(.invalidUTF8, at: at) }
        at += length
      } else {
        throw JSONError(.controlCharacter, at: at)
      }
    }
  }

  private func skipEscape(_ bytes: Span<UInt8>, at backslash: Int) throws(JSONError) -> Int {
    guard backslash + 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: backslash + 1) }
    switch bytes[backslash + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return backslash + 2
    case UInt8(ascii: "u"):
      let unit = try codeUnit(bytes, at: backslash)
      if unit & 0xFC00 == 0xDC00 { throw JSONError(.loneSurrogate, at: backslash) }
      guard unit & 0xFC00 == 0xD800 else { return backslash + 6 }
      let second = backslash + 6
      guard second + 1 < bytes.count, bytes[second] == UInt8(ascii: "\\"), bytes[second + 1] == UInt8(ascii: "u"),
        try codeUnit(bytes, at: second) & 0xFC00 == 0xDC00
      else { throw JSONError(.loneSurrogate, at: backslash) }
      return backslash + 12
    default: throw JSONError(.invalidEscape, at: backslash)
    }
  }

  private func codeUnit(_ bytes: Span<UInt8>, at backslash: Int) throws(JSONError) -> UInt32 {
    guard backslash + 6 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    var unit: UInt32 = 0
    for at in backslash + 2..<backslash + 6 {
      guard let digit = hexadecimalValue(bytes[at]) else { throw JSONError(.invalidEscape, at: backslash) }
      unit = unit << 4 | digit
    }
    return unit
  }
}
