import BearerThreads

/// Reads a part of TOML 1.0 (https://toml.io/en/v1.0.0), strictly.
///
/// These are refused by name, because no configuration needs them: dates and times, numbers with a fraction or an
/// exponent, `inf` and `nan`, multi-line strings, the character U+0000, and nesting deeper than ``deepestNesting``, by
/// which a file could exhaust the stack. Keys that are equal only after Unicode normalisation are refused, too: nobody
/// could tell them apart.
///
/// The first fault ends the reading, and says its line and column.
package struct TOMLReader {
  /// The deepest nesting of tables and arrays, and the most parts of a dotted key.
  package static let deepestNesting = 16

  let bytes: [UInt8]
  var index = 0
  private var line = 1
  private var lineStart = 0
  /// The full name of the key whose value is read, for faults.
  private var path: [String] = []

  /// Reads a file.
  ///
  /// - Parameter bytes: All of it.
  /// - Returns: The root table.
  /// - Throws: The first fault.
  package static func read(_ bytes: [UInt8]) throws(ConfigurationFault) -> TOMLTable {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw ConfigurationFault(place: "", line: lineOfInvalidUTF8(bytes), message: "the file is not UTF-8")
    }
    var reader = TOMLReader(bytes: bytes)
    return try reader.document()
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private static func lineOfInvalidUTF8(_ bytes: [UInt8]) -> Int {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return 1 + (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0)
  }

  // MARK: Lines

  private mutating func document() throws(ConfigurationFault) -> TOMLTable {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      index = 3
      lineStart = 3
    }
    CurrentThread.giveWay()
    var tree = TOMLTree()
    var table = TOMLTree.root
    while true {
      skipBlanks()
      switch byte {
      case nil:
        defer { tree.free() }
        return tree.table()
      case UInt8(ascii: "["):
        CurrentThread.giveWay()
        table = try header(&tree)
        try endLine()
      case UInt8(ascii: "#"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
        try endLine()
      default:
        try pair(&tree, table, depth: 0)
        try endLine()
      }
    }
  }

  /// `[a.b]` or `[[a.b]]`.
  private mutating func header(_ tree: inout TOMLTree) throws(ConfigurationFault) -> Int {
    index += 1
    let isElement = skip("[")
    let path = try key()
    guard skip("]"), !isElement || skip("]") else {
      throw fault("not TOML: a table's header ends with \(isElement ? "]]" : "]")")
    }
    return try tree.begin(path, isElement: isElement)
  }

  /// `a.b = value`.
  private mutating func pair(_ tree: inout TOMLTree, _ table: Int, depth: Int) throws(ConfigurationFault) {
    let key = try key()
    guard skip("=") else { throw fault("not TOML: = must follow a key") }
    skipBlanks()
    let outer = path
    path = tree.path(of: table) + key.map(\.text)
    try tree.set(key, to: value(depth: depth), in: table)
    path = outer
  }

  /// A comment, if there is one, and the line's end.
  private mutating func endLine() throws(ConfigurationFault) {
    skipBlanks()
    if byte == UInt8(ascii: "#") {
      while let byte, byte != UInt8(ascii: "\n"), !(byte == UInt8(ascii: "\r") && next == UInt8(ascii: "\n")) {
        try refuseControl(byte)
        index += 1
      }
    }
    guard byte != nil else { return }
    if byte == UInt8(ascii: "\r"), next == UInt8(ascii: "\n") { index += 1 }
    guard byte == UInt8(ascii: "\n") else {
      throw fault("not TOML: something follows that does not belong on this line")
    }
    index += 1
    line += 1
    lineStart = index
  }

  // MARK: Keys

  /// One key or several with dots between; blanks around it are skipped.
  private mutating func key() throws(ConfigurationFault) -> [TOMLTree.Key] {
    var parts: [TOMLTree.Key] = []
    repeat {
      skipBlanks()
      guard parts.count < Self.deepestNesting else { throw tooDeep }
      let column = column(of: index)
      let text: String
      switch byte {
      case UInt8(ascii: "\""): text = try basicString()
      case UInt8(ascii: "'"): text = try literalString()
      default:
        let end = bytes[index...].firstIndex { !Self.isBareKeyByte($0) } ?? bytes.count
        guard end > index else { throw fault("not TOML: a key is expected") }
        text = String(decoding: bytes[index..<end], as: UTF8.self)
        index = end
      }
      parts.append(TOMLTree.Key(text: text, line: line, column: column))
      skipBlanks()
    } while skip(".")
    return parts
  }

  /// Whether a byte may stand in a key without quotes (TOML 1.0, "Keys").
  package static func isBareKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  // MARK: Values

  private mutating func value(depth: Int) throws(ConfigurationFault) -> TOMLValue {
    let line = line
    let content: TOMLValue.Content
    switch byte {
    case UInt8(ascii: "\""): content = .string(try basicString())
    case UInt8(ascii: "'"): content = .string(try literalString())
    case UInt8(ascii: "["): content = .array(try array(depth: depth + 1))
    case UInt8(ascii: "{"): content = .table(try inlineTable(depth: depth + 1))
    default: content = try bareValue()
    }
    return TOMLValue(content, line: line)
  }

  private mutating func array(depth: Int) throws(ConfigurationFault) -> [TOMLValue] {
    guard depth <= Self.deepestNesting else { throw tooDeep }
    index += 1
    var values: [TOMLValue] = []
    while true {
      try skipToItem()
      if skip("]") { return values }
      values.append(try value(depth: depth))
      try skipToItem()
      if !skip(",") {
        guard skip("]") else { throw fault("not TOML: , or ] must follow an item of a list") }
        return values
      }
    }
  }

  /// Skips blanks, comments and lines.
  private mutating func skipToItem() throws(ConfigurationFault) {
    skipBlanks()
    while let byte, [UInt8(ascii: "#"), UInt8(ascii: "\r"), UInt8(ascii: "\n")].contains(byte) {
      try endLine()
      skipBlanks()
    }
  }

  private mutating func inlineTable(depth: Int) throws(ConfigurationFault) -> TOMLTable {
    guard depth <= Self.deepestNesting else { throw tooDeep }
    index += 1
    var tree = TOMLTree(path: path, line: line)
    skipBlanks()
    if skip("}") { return tree.table() }
    repeat {
      try pair(&tree, TOMLTree.root, depth: depth)
      skipBlanks()
    } while skip(",")
    guard skip("}") else { throw fault("not TOML: , or } must follow on the line of an inline table") }
    return tree.table()
  }

  // MARK: Bytes

  var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

  private var next: UInt8? { index + 1 < bytes.count ? bytes[index + 1] : nil }

  /// Skips a character if it is the next one.
  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard byte == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  private mutating func skipBlanks() {
    while let byte, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { index += 1 }
  }

  /// Refuses a character that TOML allows nowhere.
  func refuseControl(_ byte: UInt8) throws(ConfigurationFault) {
    guard byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F else { return }
    throw fault("not TOML: a control character (\(byte)) stands here")
  }

  // MARK: Faults

  /// A fault at a place in the line that is read.
  func fault(_ message: String, at index: Int? = nil) -> ConfigurationFault {
    ConfigurationFault(place: "", line: line, column: column(of: index ?? self.index), message: message)
  }

  private var tooDeep: ConfigurationFault {
    fault("tables, lists or dotted keys are nested more than \(Self.deepestNesting) deep")
  }

  /// The column of a byte, in characters from 1.
  private func column(of index: Int) -> Int { 1 + bytes[lineStart..<max(lineStart, index)].count { $0 & 0xC0 != 0x80 } }
}
