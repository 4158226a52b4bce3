/// A strict JSON reader whose result is a flat list of nodes over the text itself.
///
/// The tokens that this program decides about are JSON inside JSON, so what a text means must not be open to
/// interpretation: two parsers that disagree about one token are a hole. Hence RFC 8259 to the byte, valid UTF-8, no
/// byte order mark, no lone surrogates, bounded depth, and no duplicate members, compared after unescaping (RFC 7515
/// section 4 allows either to refuse them or to take the last; refusing is the one that cannot be exploited).
///
/// Nothing is copied and nothing is converted: a node says what stands where, a number keeps its source text, and a
/// string is unescaped only when its value is needed. A tape is reused from text to text, so that reading allocates
/// nothing once it has grown. It does not hold the text: every question takes the same bytes again.
package struct JSONTape: Sendable {
  /// What a node is.
  package enum NodeKind: Sendable {
    case null, `true`, `false`, number, string, array, object

    /// Whether both are the same; spelt out so that other modules compare in place instead of calling here.
    @inlinable @inline(__always) package static func == (left: NodeKind, right: NodeKind) -> Bool {
      switch (left, right) {
      case (.null, .null), (.true, .true), (.false, .false), (.number, .number), (.string, .string), (.array, .array),
        (.object, .object):
        true
      default: false
      }
    }
  }

  /// One value, or one member's name, and where it stands.
  package struct Node: Sendable {
    /// What it is.
    package let kind: NodeKind
    /// Whether a string holds escapes, so that its source is not its value.
    package let hasEscapes: Bool
    /// The offset of its first byte; of a string, that after the quotation mark.
    package let start: Int32
    /// The offset after its last byte; of a string, that of the closing quotation mark.
    package fileprivate(set) var end: Int32
    /// The index of the first node that is not within this one.
    package fileprivate(set) var next: Int32

    /// How many bytes of the text it takes; of a string, without the quotation marks.
    @inlinable package var length: Int { Int(end &- start) }
  }

  /// How deep arrays and objects of requests, tokens, key sets and discovery documents may nest, the outermost
  /// counting as one (`protocol.md` section 1).
  package static let maximumDepth = 32

  @usableFromInline private(set) var nodes: [Node] = []

  /// Whether white space stands between the tokens of the text, so that a copy of a value has to leave it out.
  package private(set) var hasInsignificantSpace = false

  private let maximumDepth: Int
  private let allowsDuplicates: Bool

  /// A tape that has read nothing; questions to it find no value.
  ///
  /// - Parameters:
  ///   - maximumDepth: How deep a text may nest. A reply holds a token's JSON one level deeper, so readers of replies need
  ///     more.
  ///   - allowsDuplicates: Whether an object may have two members of the same name; for callers that look for repeated names
  ///     themselves.
  package init(maximumDepth: Int = Self.maximumDepth, allowsDuplicates: Bool = false) {
    self.maximumDepth = maximumDepth
    self.allowsDuplicates = allowsDuplicates
  }

  /// The node at an index; index 0 is the text's own value.
  @inlinable @inline(__always) package subscript(index: Int) -> Node { nodes[index] }

  /// How many nodes there are.
  @inlinable package var count: Int { nodes.count }

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

  /// The same tape in as little memory as it needs, to be kept.
  package func compact() -> JSONTape {
    var tape = self
    tape.nodes = []
    tape.nodes.reserveCapacity(nodes.count)
    tape.nodes.append(contentsOf: nodes)
    return tape
  }

  /// How many bytes the nodes have.
  package var nodeBytes: Int { nodes.count * MemoryLayout<Node>.stride }

  // MARK: Grammar

  @inline(__always)
  private mutating func skipSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
    start < bytes.count && bytes[start] > 0x20 ? start : skipSomeSpace(bytes, from: start)
  }

  private mutating func skipSomeSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var at = start
    while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 || bytes[at] == 0x0A || bytes[at] == 0x0D { at += 1 }
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
    if bytes[at] == UInt8(ascii: "}") { return close(object, at: at + 1) }
    var count = 0
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
        let end = close(object, at: at + 1)
        if !allowsDuplicates { try refuseDuplicates(in: object, count: count, bytes) }
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
    if bytes[at] == UInt8(ascii: "]") { return close(array, at: at + 1) }
    while true {
      at = skipSpace(bytes, from: try readValue(bytes, at: at, depth: depth))
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      switch bytes[at] {
      case UInt8(ascii: ","): at = skipSpace(bytes, from: at + 1)
      case UInt8(ascii: "]"): return close(array, at: at + 1)
      default: throw JSONError(.unexpectedByte, at: at)
      }
    }
  }

  private mutating func readWord(
    _ word: StaticString, as kind: NodeKind, _ bytes: Span<UInt8>, at start: Int
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

  // MARK: Nodes

  mutating func add(_ kind: NodeKind, hasEscapes: Bool = false, from start: Int, to end: Int) {
    nodes.append(
      Node(
        kind: kind, hasEscapes: hasEscapes, start: Int32(truncatingIfNeeded: start),
        end: Int32(truncatingIfNeeded: end), next: Int32(truncatingIfNeeded: nodes.count + 1)))
  }

  private mutating func open(_ kind: NodeKind, at start: Int) -> Int {
    add(kind, from: start, to: start)
    return nodes.count - 1
  }

  private mutating func close(_ index: Int, at end: Int) -> Int {
    nodes[index].end = Int32(truncatingIfNeeded: end)
    nodes[index].next = Int32(truncatingIfNeeded: nodes.count)
    return end
  }
}
