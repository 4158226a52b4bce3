extension JSONTape {
  /// Whether the text's own value is an object.
  package var rootIsObject: Bool { count > 0 && self[0].kind == .object }

  /// The index of the value of an object's member.
  ///
  /// - Parameters:
  ///   - name: The member's name in UTF-8, as it is after unescaping.
  ///   - object: The object's index.
  ///   - bytes: The text that was read.
  /// - Returns: The index, or `nil` if there is no such member or `object` is not an object.
  package func value(of name: StaticString, in object: Int = 0, _ bytes: Span<UInt8>) -> Int? {
    value(in: object) { string($0, equals: name, bytes) }
  }

  /// The index of the value of an object's member whose name is only known at run time.
  ///
  /// - Parameters:
  ///   - name: The member's name in UTF-8, as it is after unescaping.
  ///   - object: The object's index.
  ///   - bytes: The text that was read.
  /// - Returns: The index, or `nil` if there is no such member or `object` is not an object.
  package func value(of name: [UInt8], in object: Int = 0, _ bytes: Span<UInt8>) -> Int? {
    value(in: object) { string($0, equals: name, bytes) }
  }

  @inline(__always)
  private func value(in object: Int, whoseName isWanted: (Int) -> Bool) -> Int? {
    guard object < count, self[object].kind == .object else { return nil }
    let end = Int(self[object].next)
    var name = object + 1
    while name < end {
      if isWanted(name) { return name + 1 }
      name = Int(self[name + 1].next)
    }
    return nil
  }

  /// Whether the node is a string with this value.
  package func string(_ index: Int, equals text: StaticString, _ bytes: Span<UInt8>) -> Bool {
    let node = self[index]
    guard node.kind == .string else { return false }
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    if node.hasEscapes { return unescaped(index, bytes).elementsEqual(wanted) }
    guard node.length == wanted.count else { return false }
    for at in 0..<wanted.count where bytes[Int(node.start) &+ at] != wanted[at] { return false }
    return true
  }

  /// Whether the node is a string with this value.
  package func string(_ index: Int, equals text: [UInt8], _ bytes: Span<UInt8>) -> Bool {
    let node = self[index]
    guard node.kind == .string else { return false }
    if node.hasEscapes { return escaped(node, equals: text, bytes) }
    return bytes.extracting(Int(node.start)..<Int(node.end)).holdsSame(as: text.span)
  }

  /// The last eight bytes of a string's source in one word, the last one highest; of a shorter string all, the rest zero.
  func lastBytes(of node: Node, _ bytes: Span<UInt8>) -> UInt64 {
    let count = min(node.length, 8)
    if count == 0 { return 0 }
    if node.end >= 8 {
      // Safe because the load is bounds-checked and every bit pattern is a UInt64.
      let word = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: Int(node.end) &- 8, as: UInt64.self)
      return word >> UInt64(64 - 8 * count)
    }
    var word: UInt64 = 0
    for at in Int(node.start)..<Int(node.end) { word = word >> 8 | UInt64(bytes[at]) << 56 }
    return word >> UInt64(64 - 8 * count)
  }

  /// The bytes of a string's value in one word, the first one lowest, for choosing among many names at once.
  ///
  /// - Parameters:
  ///   - index: The string's node.
  ///   - bytes: The text that was read.
  /// - Returns: The word; `nil` for a value of more than eight bytes, or with a zero byte, and for what is no string.
  package func shortString(_ index: Int, _ bytes: Span<UInt8>) -> UInt64? {
    let node = self[index]
    guard node.kind == .string else { return nil }
    if !node.hasEscapes { return node.length <= 8 ? lastBytes(of: node, bytes) : nil }
    let value = unescaped(index, bytes)
    if value.count > 8 || value.contains(0) { return nil }
    return value.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Whether a string with escapes has this value, up to the first difference and without a copy.
  ///
  /// Thousands of escaped elements are compared with dozens of demanded values: a copy at each would let a short line
  /// cost milliseconds.
  private func escaped(_ node: Node, equals text: [UInt8], _ bytes: Span<UInt8>) -> Bool {
    var at = Int(node.start)
    let end = Int(node.end)
    var compared = 0
    while at < end, compared < text.count {
      if bytes[at] != UInt8(ascii: "\\") {
        guard bytes[at] == text[compared] else { return false }
        at += 1
        compared += 1
        continue
      }
      let (scalar, next) = escapedScalar(bytes, at: at)
      at = next
      for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
        guard compared < text.count, byte == text[compared] else { return false }
        compared += 1
      }
    }
    return at == end && compared == text.count
  }

  /// The value of a string node: its bytes with every escape replaced; of another node, its source text.
  package func unescaped(_ index: Int, _ bytes: Span<UInt8>) -> [UInt8] {
    let node = self[index]
    var value: [UInt8] = []
    value.reserveCapacity(node.length)
    if !node.hasEscapes {
      value.append(bytes.extracting(Int(node.start)..<Int(node.end)))
      return value
    }
    var at = Int(node.start)
    let end = Int(node.end)
    while at < end {
      let byte = bytes[at]
      guard byte == UInt8(ascii: "\\") else {
        value.append(byte)
        at += 1
        continue
      }
      let (scalar, next) = escapedScalar(bytes, at: at)
      value.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      at = next
    }
    return value
  }

  /// The value of a string node as a `String`, or `nil` if the node is not a string.
  package func text(_ index: Int, _ bytes: Span<UInt8>) -> String? {
    self[index].kind == .string ? String(decoding: unescaped(index, bytes), as: UTF8.self) : nil
  }

  /// Whether a string holds the character U+0000, which can only stand there as an escape.
  package func containsNUL(_ index: Int, _ bytes: Span<UInt8>) -> Bool {
    let node = self[index]
    return node.kind == .string && node.hasEscapes && unescaped(index, bytes).contains(0)
  }

  /// Where the whole of a value stands in the text, the quotation marks of a string included.
  package func sourceRange(_ index: Int) -> Range<Int> {
    let node = self[index]
    let marks = node.kind == .string ? 1 : 0
    return Int(node.start) - marks..<Int(node.end) + marks
  }

  /// Appends a value as it stands in the text, without the white space between its tokens.
  package func appendSource(_ index: Int, _ bytes: Span<UInt8>, to line: inout [UInt8]) {
    let range = sourceRange(index)
    guard hasInsignificantSpace, self[index].kind == .object || self[index].kind == .array else {
      line.append(bytes.extracting(range))
      return
    }
    let isObject = self[index].kind == .object
    line.append(UInt8(ascii: isObject ? "{" : "["))
    let end = Int(self[index].next)
    var at = index + 1
    var isFirst = true
    while at < end {
      if !isFirst { line.append(UInt8(ascii: ",")) }
      isFirst = false
      if isObject {
        line.append(bytes.extracting(sourceRange(at)))
        line.append(UInt8(ascii: ":"))
        at += 1
      }
      appendSource(at, bytes, to: &line)
      at = Int(self[at].next)
    }
    line.append(UInt8(ascii: isObject ? "}" : "]"))
  }

  /// The value of a number that is written as an integer (`-?DIGITS`) and fits; otherwise `nil`.
  package func integer(_ index: Int, _ bytes: Span<UInt8>) -> Int64? {
    let node = self[index]
    guard node.kind == .number else { return nil }
    var at = Int(node.start)
    let isNegative = bytes[at] == UInt8(ascii: "-")
    if isNegative { at += 1 }
    var value: Int64 = 0
    while at < Int(node.end) {
      let digit = bytes[at] &- 0x30
      guard digit < 10 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.subtractingReportingOverflow(Int64(digit))
      if overflow || carry { return nil }
      value = sum
      at += 1
    }
    // Counted downwards, because the smallest integer has no positive counterpart.
    if isNegative { return value }
    return value == .min ? nil : -value
  }

  /// What the escape at an offset stands for, and the offset after it.
  private func escapedScalar(_ bytes: Span<UInt8>, at backslash: Int) -> (scalar: Unicode.Scalar, next: Int) {
    func unit(_ start: Int) -> UInt32 {
      var unit: UInt32 = 0
      for at in start + 2..<start + 6 { unit = unit << 4 | (hexadecimalValue(bytes[at]) ?? 0) }
      return unit
    }
    switch bytes[backslash + 1] {
    case UInt8(ascii: "b"): return ("\u{8}", backslash + 2)
    case UInt8(ascii: "f"): return ("\u{C}", backslash + 2)
    case UInt8(ascii: "n"): return ("\n", backslash + 2)
    case UInt8(ascii: "r"): return ("\r", backslash + 2)
    case UInt8(ascii: "t"): return ("\t", backslash + 2)
    case UInt8(ascii: "u"):
      var code = unit(backslash)
      var next = backslash + 6
      if code & 0xFC00 == 0xD800 {
        code = 0x10000 + (code & 0x3FF) << 10 + (unit(next) & 0x3FF)
        next += 6
      }
      // The reader refused every lone surrogate, so this is always a scalar.
      return (Unicode.Scalar(code) ?? "\u{FFFD}", next)
    default: return (Unicode.Scalar(bytes[backslash + 1]), backslash + 2)
    }
  }
}
