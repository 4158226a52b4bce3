/// A strict JSON reader whose result is a flat list of nodes over the text itself.
///
/// The tokens that this program decides about are JSON inside JSON, so what a text means must not be open to
/// interpretation: two parsers that disagree about one token are a hole. Hence RFC 8259 to the byte, valid UTF-8, no
/// byte order mark, no lone surrogates, bounded depth, and no duplicate members, compared after unescaping (RFC 7515
/// section 4 allows either to refuse them or to take the last; refusing is the one that cannot be exploited).
///
/// Nothing is copied and nothing is converted: a node says what stands where, a number keeps its source text, and a
/// string is unescaped only by who needs it. A tape is reused from text to text, so that in the steady state reading
/// allocates nothing. It does not hold the text: every question takes the same bytes again.
package struct JSONTape: Sendable {
  /// What a node is.
  package enum Kind: Sendable {
    case null, `true`, `false`, number, string, array, object
  }

  /// One value, or one member's name, and where it stands.
  package struct Node: Sendable {
    /// What it is.
    package let kind: Kind
    /// Whether a string holds escapes, so that its source is not its value.
    package let hasEscapes: Bool
    /// How many elements an array or members an object has.
    package fileprivate(set) var count: Int32
    /// The offset of its first byte; of a string, that after the quotation mark.
    package let start: Int32
    /// The offset after its last byte; of a string, that of the closing quotation mark.
    package fileprivate(set) var end: Int32
    /// The index of the first node that is not within this one.
    package fileprivate(set) var next: Int32
  }

  /// How deep arrays and objects of requests, tokens, key sets and discovery documents may nest, the outermost
  /// counting as one (contract section 4).
  package static let maximumDepth = 32

  private(set) var nodes: [Node] = []

  /// Whether white space stands between the tokens of the text, so that a copy of a value has to leave it out.
  package private(set) var hasInsignificantSpace = false

  private let maximumDepth: Int

  /// A tape that has read nothing; every question to it answers as for no value.
  ///
  /// - Parameter maximumDepth: How deep a text may nest. A reply holds what came in one level further out, so who
  ///   reads replies needs more than the rest.
  package init(maximumDepth: Int = Self.maximumDepth) {
    self.maximumDepth = maximumDepth
  }

  /// The node at an index; index 0 is the text's own value.
  package subscript(index: Int) -> Node { nodes[index] }

  /// How many nodes there are.
  package var count: Int { nodes.count }

  /// Reads one text, whole.
  ///
  /// - Parameter bytes: The text; at most 2 GiB.
  /// - Throws: `JSONError` with the kind and place of the first fault; the tape is then empty.
  package mutating func read(_ bytes: Span<UInt8>) throws(JSONError) {
    nodes.removeAll(keepingCapacity: true)
    hasInsignificantSpace = false
    guard bytes.count < Int(Int32.max) else { throw JSONError(.tooLarge, at: 0) }
    do throws(JSONError) {
      var at = skipSpace(bytes, from: 0)
      at = try readValue(bytes, at: at, depth: 0)
      at = skipSpace(bytes, from: at)
      guard at == bytes.count else { throw JSONError(.trailingBytes, at: at) }
    } catch {
      nodes.removeAll(keepingCapacity: true)
      throw error
    }
  }

  // MARK: Grammar

  private mutating func skipSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var at = start
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default:
        if at > start { hasInsignificantSpace = true }
        return at
      }
    }
    if at > start { hasInsignificantSpace = true }
    return at
  }

  private mutating func readValue(_ bytes: Span<UInt8>, at start: Int, depth: Int) throws(JSONError) -> Int {
    guard start < bytes.count else { throw JSONError(.unexpectedEnd, at: start) }
    switch bytes[start] {
    case UInt8(ascii: "\""): return try readString(bytes, at: start)
    case UInt8(ascii: "{"): return try readObject(bytes, at: start, depth: depth + 1)
    case UInt8(ascii: "["): return try readArray(bytes, at: start, depth: depth + 1)
    case UInt8(ascii: "t"): return try readWord("true", as: .true, bytes, at: start)
    case UInt8(ascii: "f"): return try readWord("false", as: .false, bytes, at: start)
    case UInt8(ascii: "n"): return try readWord("null", as: .null, bytes, at: start)
    case UInt8(ascii: "-"), 0x30...0x39: return try readNumber(bytes, at: start)
    default: throw JSONError(.unexpectedByte, at: start)
    }
  }

  private mutating func readObject(_ bytes: Span<UInt8>, at start: Int, depth: Int) throws(JSONError) -> Int {
    guard depth <= maximumDepth else { throw JSONError(.tooDeep, at: start) }
    let object = open(.object, at: start)
    var at = skipSpace(bytes, from: start + 1)
    guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
    if bytes[at] == UInt8(ascii: "}") { return close(object, count: 0, at: at + 1) }
    var count: Int32 = 0
    while true {
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      guard bytes[at] == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: at) }
      at = skipSpace(bytes, from: try readString(bytes, at: at))
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      guard bytes[at] == UInt8(ascii: ":") else { throw JSONError(.unexpectedByte, at: at) }
      at = try readValue(bytes, at: skipSpace(bytes, from: at + 1), depth: depth)
      count += 1
      at = skipSpace(bytes, from: at)
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      switch bytes[at] {
      case UInt8(ascii: ","): at = skipSpace(bytes, from: at + 1)
      case UInt8(ascii: "}"):
        let end = close(object, count: count, at: at + 1)
        try refuseDuplicates(in: object, bytes)
        return end
      default: throw JSONError(.unexpectedByte, at: at)
      }
    }
  }

  private mutating func readArray(_ bytes: Span<UInt8>, at start: Int, depth: Int) throws(JSONError) -> Int {
    guard depth <= maximumDepth else { throw JSONError(.tooDeep, at: start) }
    let array = open(.array, at: start)
    var at = skipSpace(bytes, from: start + 1)
    guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
    if bytes[at] == UInt8(ascii: "]") { return close(array, count: 0, at: at + 1) }
    var count: Int32 = 0
    while true {
      at = skipSpace(bytes, from: try readValue(bytes, at: at, depth: depth))
      count += 1
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      switch bytes[at] {
      case UInt8(ascii: ","): at = skipSpace(bytes, from: at + 1)
      case UInt8(ascii: "]"): return close(array, count: count, at: at + 1)
      default: throw JSONError(.unexpectedByte, at: at)
      }
    }
  }

  private mutating func readWord(
    _ word: StaticString, as kind: Kind, _ bytes: Span<UInt8>, at start: Int
  ) throws(JSONError) -> Int {
    let end = start + word.utf8CodeUnitCount
    var at = start
    while at < end {
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      guard bytes[at] == word.utf8Start[at - start] else { throw JSONError(.unexpectedByte, at: at) }
      at += 1
    }
    add(kind, from: start, to: end)
    return end
  }

  /// RFC 8259 section 6: `[ "-" ] int [ "." 1*DIGIT ] [ ("e" / "E") [ "+" / "-" ] 1*DIGIT ]`, no leading zeros.
  private mutating func readNumber(_ bytes: Span<UInt8>, at start: Int) throws(JSONError) -> Int {
    var at = start
    if bytes[at] == UInt8(ascii: "-") { at += 1 }
    guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
    if bytes[at] == UInt8(ascii: "0") {
      at += 1
    } else {
      at = try skipDigits(bytes, from: at)
    }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") { at = try skipDigits(bytes, from: at + 1) }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
      at = try skipDigits(bytes, from: at)
    }
    add(.number, from: start, to: at)
    return at
  }

  private func skipDigits(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
    var at = start
    while at < bytes.count, bytes[at] &- 0x30 < 10 { at += 1 }
    if at == start { throw JSONError(at < bytes.count ? .unexpectedByte : .unexpectedEnd, at: at) }
    return at
  }

  // MARK: Strings

  private mutating func readString(_ bytes: Span<UInt8>, at start: Int) throws(JSONError) -> Int {
    var at = start + 1
    var hasEscapes = false
    while true {
      at = Self.skipPlainText(bytes, from: at)
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

  /// Skips ASCII that stands for itself, eight bytes at a step: the bulk of every token's claims.
  private static func skipPlainText(_ bytes: Span<UInt8>, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var at = start
    let raw = bytes.bytes
    while at &+ 8 <= bytes.count {
      // Safe because the load is bounds-checked and every bit pattern is a UInt64.
      let word = raw.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      // A high bit in `special` marks a byte that is >= 0x80, < 0x20, a quotation mark or a backslash. A borrow can mark
      // a plain byte that follows a special one, never hide a special one; the loop below looks at each byte again.
      let special =
        word | (word &- (ones &* 0x20)) | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
      if special & highs != 0 { break }
      at &+= 8
    }
    while at < bytes.count {
      let byte = bytes[at]
      if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      at &+= 1
    }
    return at
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

  // MARK: Nodes

  private mutating func add(_ kind: Kind, hasEscapes: Bool = false, from start: Int, to end: Int) {
    nodes.append(
      Node(
        kind: kind, hasEscapes: hasEscapes, count: 0, start: Int32(truncatingIfNeeded: start),
        end: Int32(truncatingIfNeeded: end), next: Int32(truncatingIfNeeded: nodes.count + 1)))
  }

  private mutating func open(_ kind: Kind, at start: Int) -> Int {
    add(kind, from: start, to: start)
    return nodes.count - 1
  }

  private mutating func close(_ index: Int, count: Int32, at end: Int) -> Int {
    nodes[index].count = count
    nodes[index].end = Int32(truncatingIfNeeded: end)
    nodes[index].next = Int32(truncatingIfNeeded: nodes.count)
    return end
  }
}
