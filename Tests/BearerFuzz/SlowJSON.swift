/// RFC 8259 and what `protocol.md` adds to it, read the obvious way: over scalars, into trees, without a thought of speed.
///
/// It shares no code with `JSONTape`, so that a mistake in one shows against the other.
indirect enum SlowJSON: Equatable {
  case word(String)
  case number(String)
  case string([Unicode.Scalar])
  case array([SlowJSON])
  case object([(name: [Unicode.Scalar], value: SlowJSON)])

  /// The value of a text; `nil` if the text is refused.
  static func read(_ bytes: [UInt8], maximumDepth: Int = 32) -> SlowJSON? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var reader = Reader(rest: Array(text.unicodeScalars)[...], maximumDepth: maximumDepth)
    guard let value = reader.element(depth: 0), reader.rest.isEmpty else { return nil }
    return value
  }

  /// The value of an object's member, by a name in ASCII.
  subscript(_ name: String) -> SlowJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == Array(name.unicodeScalars) }?.value
  }

  /// The UTF-8 of a string.
  var utf8: [UInt8]? {
    guard case .string(let scalars) = self else { return nil }
    return scalars.flatMap { Array(String($0).utf8) }
  }

  static func == (left: SlowJSON, right: SlowJSON) -> Bool {
    switch (left, right) {
    case (.word(let left), .word(let right)), (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)):
      left.elementsEqual(right) { $0.name == $1.name && $0.value == $1.value }
    default: false
    }
  }

  private struct Reader {
    var rest: ArraySlice<Unicode.Scalar>
    let maximumDepth: Int

    mutating func skipSpace() {
      rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    }

    mutating func take(_ text: String) -> Bool {
      guard rest.starts(with: text.unicodeScalars) else { return false }
      rest = rest.dropFirst(text.unicodeScalars.count)
      return true
    }

    /// A value with white space around it.
    mutating func element(depth: Int) -> SlowJSON? {
      skipSpace()
      defer { skipSpace() }
      for word in ["true", "false", "null"] where take(word) { return .word(word) }
      if rest.first == "\"" { return string().map { .string($0) } }
      if take("[") { return depth < maximumDepth ? array(depth: depth + 1) : nil }
      if take("{") { return depth < maximumDepth ? object(depth: depth + 1) : nil }
      return number()
    }

    mutating func array(depth: Int) -> SlowJSON? {
      var elements: [SlowJSON] = []
      skipSpace()
      if take("]") { return .array([]) }
      repeat {
        guard let element = element(depth: depth) else { return nil }
        elements.append(element)
      } while take(",")
      return take("]") ? .array(elements) : nil
    }

    mutating func object(depth: Int) -> SlowJSON? {
      var members: [(name: [Unicode.Scalar], value: SlowJSON)] = []
      var names: Set<[Unicode.Scalar]> = []
      skipSpace()
      if take("}") { return .object([]) }
      repeat {
        skipSpace()
        guard let name = string(), names.insert(name).inserted else { return nil }
        skipSpace()
        guard take(":"), let value = element(depth: depth) else { return nil }
        members.append((name, value))
      } while take(",")
      return take("}") ? .object(members) : nil
    }

    mutating func digits() -> String? {
      let found = rest.prefix { ("0"..."9").contains($0) }
      rest = rest.dropFirst(found.count)
      return found.isEmpty ? nil : String(String.UnicodeScalarView(found))
    }

    mutating func number() -> SlowJSON? {
      var text = take("-") ? "-" : ""
      guard let whole = digits(), whole == "0" || whole.first != "0" else { return nil }
      text += whole
      if take(".") {
        guard let fraction = digits() else { return nil }
        text += "." + fraction
      }
      if let mark = rest.first, mark == "e" || mark == "E" {
        rest = rest.dropFirst()
        text.unicodeScalars.append(mark)
        if take("+") { text += "+" } else if take("-") { text += "-" }
        guard let exponent = digits() else { return nil }
        text += exponent
      }
      return .number(text)
    }

    mutating func string() -> [Unicode.Scalar]? {
      guard take("\"") else { return nil }
      var scalars: [Unicode.Scalar] = []
      while let scalar = rest.popFirst() {
        switch scalar {
        case "\"": return scalars
        case "\\":
          guard let escaped = escape() else { return nil }
          scalars.append(escaped)
        case "\u{0}"..."\u{1F}": return nil
        default: scalars.append(scalar)
        }
      }
      return nil
    }

    mutating func escape() -> Unicode.Scalar? {
      switch rest.popFirst() {
      case "\"": return "\""
      case "\\": return "\\"
      case "/": return "/"
      case "b": return "\u{8}"
      case "f": return "\u{C}"
      case "n": return "\n"
      case "r": return "\r"
      case "t": return "\t"
      case "u":
        guard let first = codeUnit() else { return nil }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), take("\\u"), let second = codeUnit(), UTF16.isTrailSurrogate(second) else {
          return nil
        }
        return Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) * 0x400 + UInt32(second) - 0xDC00)
      default: return nil
      }
    }

    mutating func codeUnit() -> UInt16? {
      let digits = rest.prefix(4)
      let isHexadecimal = digits.allSatisfy {
        ("0"..."9").contains($0) || ("a"..."f").contains($0) || ("A"..."F").contains($0)
      }
      guard digits.count == 4, isHexadecimal else { return nil }
      rest = rest.dropFirst(4)
      return UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
    }
  }
}
