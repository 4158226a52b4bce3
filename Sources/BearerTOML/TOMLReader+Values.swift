extension TOMLReader {
  // MARK: Strings

  /// `"…"`, with escapes.
  mutating func basicString() throws(ConfigurationFault) -> String {
    let start = index
    try refuseMultiline()
    index += 1
    var text: [UInt8] = []
    while let byte, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") {
      try refuseControl(byte)
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += Array(String(try escaped()).utf8)
      default: text.append(byte)
      }
    }
    throw fault("not TOML: this string does not end on its line", at: start)
  }

  /// `'…'`, without escapes.
  mutating func literalString() throws(ConfigurationFault) -> String {
    let start = index
    try refuseMultiline()
    index += 1
    while let byte, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") {
      try refuseControl(byte)
      index += 1
      if byte == UInt8(ascii: "'") { return String(decoding: bytes[(start + 1)..<(index - 1)], as: UTF8.self) }
    }
    throw fault("not TOML: this string does not end on its line", at: start)
  }

  private func refuseMultiline() throws(ConfigurationFault) {
    guard let byte, bytes[index...].starts(with: [byte, byte, byte]) else { return }
    throw fault("strings over several lines are not supported; write one line with \\n in it")
  }

  /// What follows a backslash.
  private mutating func escaped() throws(ConfigurationFault) -> Unicode.Scalar {
    let start = index - 1
    guard let letter = byte else { throw fault("not TOML: the file ends within a string", at: start) }
    index += 1
    switch letter {
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let digits = bytes[index...].prefix(letter == UInt8(ascii: "u") ? 4 : 8)
      index += digits.count
      guard digits.count == (letter == UInt8(ascii: "u") ? 4 : 8), let value = Self.number(digits, radix: 16),
        let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: value))
      else { throw fault("not TOML: \\u takes 4 and \\U 8 hexadecimal digits of a Unicode character", at: start) }
      guard value != 0 else { throw fault("the character U+0000 is not supported", at: start) }
      return scalar
    default:
      throw fault(
        #"not TOML: \ stands only before b t n f r " \ uXXXX UXXXXXXXX; write \\ for the sign itself"#, at: start)
    }
  }

  // MARK: Integers and booleans

  /// True, false or an integer; anything else without quotes is refused, by its name if TOML has one for it.
  ///
  /// What was found is not shown: it may be a secret that lacks its quotes.
  mutating func bareValue() throws(ConfigurationFault) -> TOMLValue.Content {
    let start = index
    let end = bytes[index...].firstIndex { " \t\r\n,]}#".utf8.contains($0) } ?? bytes.count
    let text = bytes[start..<end]
    switch true {
    case text.isEmpty: throw fault("not TOML: a value is expected")
    case text.elementsEqual("true".utf8), text.elementsEqual("false".utf8):
      index = end
      return .boolean(text.first == UInt8(ascii: "t"))
    case Self.isDateOrTime(text):
      throw fault("dates and times are not supported; write \"…\" around a text")
    case Self.isFloat(text):
      throw fault("numbers with a fraction or an exponent are not supported")
    default: break
    }
    guard let (digits, radix, isNegative) = Self.integerDigits(text) else {
      throw fault("not TOML: neither true, false nor an integer; write \"…\" around a text")
    }
    guard let number = Self.number(digits, radix: radix, isNegative: isNegative) else {
      throw fault("an integer must lie between \(Int64.min) and \(Int64.max)")
    }
    index = end
    return .integer(number)
  }

  /// The digits of an integer without underscores, its radix and sign; `nil` if it is not written as one.
  private static func integerDigits(_ text: ArraySlice<UInt8>) -> ([UInt8], radix: Int64, isNegative: Bool)? {
    var digits = text
    var radix: Int64 = 10
    let sign = text.first.flatMap { "+-".utf8.contains($0) ? $0 : nil }
    if sign != nil {
      digits = digits.dropFirst()
    } else {
      for (prefix, other) in [("0x", 16), ("0o", 8), ("0b", 2)] as [(String, Int64)]
      where text.starts(with: prefix.utf8) {
        radix = other
        digits = digits.dropFirst(2)
      }
    }
    // Underscores stand between two digits.
    let groups = digits.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy { digit($0, radix: radix) != nil } }),
      radix != 10 || digits.first != UInt8(ascii: "0") || digits.count == 1
    else { return nil }
    return (groups.flatMap { $0 }, radix, sign == UInt8(ascii: "-"))
  }

  /// The value of digits; `nil` if one is not a digit, or there are too many.
  private static func number(_ digits: some Sequence<UInt8>, radix: Int64, isNegative: Bool = false) -> Int64? {
    var number: Int64 = 0
    for byte in digits {
      guard let digit = digit(byte, radix: radix) else { return nil }
      let (product, isTooLarge) = number.multipliedReportingOverflow(by: radix)
      let (sum, overflows) =
        isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      if isTooLarge || overflows { return nil }
      number = sum
    }
    return number
  }

  private static func digit(_ byte: UInt8, radix: Int64) -> Int64? {
    let value: Int64
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): value = Int64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): value = Int64(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): value = Int64(byte - UInt8(ascii: "A")) + 10
    default: return nil
    }
    return value < radix ? value : nil
  }

  // MARK: What is refused by name

  /// Whether a text begins as TOML's dates or times do: `1979-` or `07:`.
  private static func isDateOrTime(_ text: ArraySlice<UInt8>) -> Bool {
    let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    let next = text.dropFirst(digits.count).first
    return digits.count == 4 && next == UInt8(ascii: "-") || digits.count == 2 && next == UInt8(ascii: ":")
  }

  /// Whether a text looks like a TOML float; all floats do, and some other texts.
  private static func isFloat(_ text: ArraySlice<UInt8>) -> Bool {
    let unsigned = text.first.map { "+-".utf8.contains($0) } == true ? text.dropFirst() : text
    if unsigned.elementsEqual("inf".utf8) || unsigned.elementsEqual("nan".utf8) { return true }
    guard let first = unsigned.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
      !unsigned.starts(with: "0x".utf8)
    else { return false }
    return unsigned.contains { ".eE".utf8.contains($0) } && unsigned.allSatisfy { "0123456789_.eE+-".utf8.contains($0) }
  }
}
