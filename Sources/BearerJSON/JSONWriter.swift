/// Writing JSON (RFC 8259) as one line: no raw control character is ever written inside a string.
///
/// An array of bytes is the writer: a reply is appended to the connection's outgoing bytes and nowhere else first.
extension [UInt8] {
  /// Appends bytes that are JSON already, such as punctuation and member names known when this is compiled.
  package mutating func append(json text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends bytes as they are.
  package mutating func append(_ bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
  }

  /// Appends text as a JSON string, with its quotation marks.
  package mutating func append(jsonString text: String) {
    var text = text
    text.withUTF8 { append(jsonString: $0) }
  }

  private mutating func append(jsonString utf8: UnsafeBufferPointer<UInt8>) {
    append(UInt8(ascii: "\""))
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "\""): append(json: #"\""#)
      case UInt8(ascii: "\\"): append(json: #"\\"#)
      case 0x08: append(json: #"\b"#)
      case 0x09: append(json: #"\t"#)
      case 0x0A: append(json: #"\n"#)
      case 0x0C: append(json: #"\f"#)
      case 0x0D: append(json: #"\r"#)
      case 0x00..<0x20, 0x7F:
        append(json: #"\u00"#)
        append(Self.hexadecimalDigit(byte >> 4))
        append(Self.hexadecimalDigit(byte & 0xF))
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  /// Appends an integer in decimal.
  package mutating func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let start = count
    repeat {
      append(UInt8(truncatingIfNeeded: rest % 10) + 0x30)
      rest /= 10
    } while rest > 0
    // The digits came in reverse. They are swapped in place, because reversing a slice copies it.
    var (low, high) = (start, count - 1)
    while low < high {
      swapAt(low, high)
      low += 1
      high -= 1
    }
  }

  /// Writes U+0085, U+2028 and U+2029 as escapes; the JSON means the same.
  ///
  /// Some readers of lines end one at these characters: Node's `readline`, Python's `str.splitlines`. They would cut a
  /// reply in two, and take its second half for the answer to the next request. They can only stand inside strings.
  ///
  /// - Parameter start: Where the JSON begins that is looked at; it ends with the array.
  package mutating func escapeLineSeparators(from start: Int) {
    // Almost every reply is ASCII, and testing eight bytes at a time costs next to nothing.
    guard withUnsafeBytes({ Self.holdsHighBit($0, from: start) }) else { return }
    guard let first = (start..<count).first(where: { isLineSeparator(at: $0) }) else { return }
    let text = Array(self[first...])
    removeSubrange(first...)
    var at = 0
    while at < text.count {
      if !text.isLineSeparator(at: at) {
        append(text[at])
        at += 1
      } else if text[at] == 0xC2 {
        append(json: #"\u0085"#)
        at += 2
      } else {
        append(json: #"\u202"#)
        append(text[at + 2] - 0x70)
        at += 3
      }
    }
  }

  private static func holdsHighBit(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
    var bits: UInt64 = 0
    var at = start
    while at + 8 <= bytes.count {
      bits |= bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      at += 8
    }
    while at < bytes.count {
      bits |= UInt64(bytes[at])
      at += 1
    }
    return bits & 0x8080_8080_8080_8080 != 0
  }

  /// Whether U+0085 (C2 85), U+2028 (E2 80 A8) or U+2029 (E2 80 A9) begins at an offset, in UTF-8.
  private func isLineSeparator(at index: Int) -> Bool {
    switch self[index] {
    case 0xC2: index + 1 < count && self[index + 1] == 0x85
    case 0xE2: index + 2 < count && self[index + 1] == 0x80 && self[index + 2] & 0xFE == 0xA8
    default: false
    }
  }

  private static func hexadecimalDigit(_ value: UInt8) -> UInt8 { value < 10 ? value + 0x30 : value + 0x57 }
}
