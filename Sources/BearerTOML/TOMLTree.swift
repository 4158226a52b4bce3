import BearerThreads

/// The tables of a file while it is read, and the rules of what may be defined where, and what twice.
///
/// Tables are numbered; they become a ``TOMLTable`` at the end. A key is found in a dictionary of Swift's strings,
/// where two spellings are one key if they are equal after Unicode normalisation. People could not tell them apart, so
/// they are refused. All other comparisons are of bytes.
struct TOMLTree {
  /// A key as it stands in the file.
  struct Key {
    var text: String
    var line: Int
    var column: Int
  }

  /// What stands at a key.
  enum Slot {
    /// A value, closed for ever: nothing can be added to an array or an inline table.
    case value(TOMLValue)
    /// A table, by its number.
    case table(Int)
    /// The tables of `[[NAME]]`, by the number of their list.
    case tables(Int)
  }

  /// What has made a table, and so what may still be added.
  private enum Origin {
    /// It was only named on the way to another: its own header may follow, and dotted keys may add to it.
    case path
    /// A header, which may not come twice; dotted keys of other tables may not add to it.
    case header
    /// A dotted key: others in the same table may add to it, and no header may name it.
    case dotted
  }

  private struct Node {
    var origin: Origin
    var line: Int?
    var path: [String]
    var entries: [(key: String, line: Int, slot: Slot)] = []
    var positions: [String: Int] = [:]
  }

  /// The number of the root table.
  static let root = 0

  private var nodes: [Node]
  /// The tables of each `[[NAME]]`; never empty.
  private var lists: [[Int]] = []

  /// A tree of one table.
  ///
  /// - Parameters:
  ///   - path: The table's full name, for faults.
  ///   - line: The line on which it begins.
  init(path: [String] = [], line: Int? = nil) {
    nodes = [Node(origin: .header, line: line, path: path)]
  }

  /// The full name of a table.
  func path(of table: Int) -> [String] { nodes[table].path }

  // MARK: Reading back

  /// A table with everything in it.
  ///
  /// Recursion is bounded by the nesting that the reader permits.
  func table(_ number: Int = root) -> TOMLTable {
    CurrentThread.giveWay()
    let node = nodes[number]
    return TOMLTable(
      node.entries.map { .init(key: $0.key, line: $0.line, value: value(of: $0.slot)) }, line: node.line)
  }

  private func value(of slot: Slot) -> TOMLValue {
    switch slot {
    case .value(let value): value
    case .table(let number): TOMLValue(.table(table(number)), line: nodes[number].line)
    case .tables(let list):
      TOMLValue(.array(lists[list].map { value(of: .table($0)) }), line: lists[list].first.flatMap { nodes[$0].line })
    }
  }

  /// Frees all tables.
  mutating func free() { CurrentThread.free(&nodes) }

  // MARK: Adding

  /// Begins the table of a header `[PATH]`, or one more of `[[PATH]]`.
  ///
  /// - Returns: The table's number.
  /// - Throws: A fault if the header is not allowed there.
  mutating func begin(_ path: [Key], isElement: Bool) throws(ConfigurationFault) -> Int {
    guard let last = path.last else { return Self.root }
    var parent = Self.root
    for key in path.dropLast() { parent = try step(to: key, from: parent, byHeader: true) }
    guard let position = try position(of: last, in: parent) else {
      let number = addNode(.header, last, in: parent)
      if isElement { lists.append([number]) }
      append(isElement ? .tables(lists.count - 1) : .table(number), at: last, in: parent)
      return number
    }
    switch nodes[parent].entries[position].slot {
    case .table(let number) where !isElement && nodes[number].origin == .path:
      nodes[number].origin = .header
      nodes[number].line = last.line
      return number
    case .tables(let list) where isElement:
      let number = addNode(.header, last, in: parent)
      lists[list].append(number)
      return number
    default:
      throw repeated(last, position, in: parent)
    }
  }

  /// Sets the value at a key, dotted or not.
  ///
  /// - Throws: A fault if something stands there, or the key leads through something that is closed or not a table.
  mutating func set(_ path: [Key], to value: TOMLValue, in table: Int) throws(ConfigurationFault) {
    guard let last = path.last else { return }
    var parent = table
    for key in path.dropLast() { parent = try step(to: key, from: parent, byHeader: false) }
    if let position = try position(of: last, in: parent) { throw repeated(last, position, in: parent) }
    append(.value(value), at: last, in: parent)
  }

  private mutating func step(to key: Key, from table: Int, byHeader: Bool) throws(ConfigurationFault) -> Int {
    guard let position = try position(of: key, in: table) else {
      let number = addNode(byHeader ? .path : .dotted, key, in: table)
      append(.table(number), at: key, in: table)
      return number
    }
    switch nodes[table].entries[position].slot {
    case .table(let number) where byHeader:
      return number
    case .tables(let list) where byHeader:
      return lists[list].last ?? table
    case .table(let number) where nodes[number].origin != .header:
      nodes[number].origin = .dotted
      return number
    default:
      throw repeated(key, position, in: table)
    }
  }

  private mutating func addNode(_ origin: Origin, _ key: Key, in table: Int) -> Int {
    nodes.append(Node(origin: origin, line: key.line, path: nodes[table].path + [key.text]))
    return nodes.count - 1
  }

  private mutating func append(_ slot: Slot, at key: Key, in table: Int) {
    nodes[table].positions[key.text] = nodes[table].entries.count
    nodes[table].entries.append((key.text, key.line, slot))
  }

  // MARK: Faults

  /// Where a key stands in its table.
  ///
  /// - Throws: A fault if another key stands there that only looks the same.
  private func position(of key: Key, in table: Int) throws(ConfigurationFault) -> Int? {
    guard let position = nodes[table].positions[key.text] else { return nil }
    let found = nodes[table].entries[position]
    guard found.key.utf8.elementsEqual(key.text.utf8) else {
      throw fault(
        key, in: table, "looks like the key on line \(found.line), but \(Self.difference(key.text, found.key))")
    }
    return position
  }

  private func repeated(_ key: Key, _ position: Int, in table: Int) -> ConfigurationFault {
    fault(key, in: table, "not TOML: stands on line \(nodes[table].entries[position].line) already")
  }

  /// The first character in which two texts differ that look the same.
  private static func difference(_ text: String, _ other: String) -> String {
    func name(_ scalar: Unicode.Scalar?) -> String {
      guard let digits = scalar.map({ String($0.value, radix: 16, uppercase: true) }) else { return "nothing" }
      return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
    var (scalars, others) = (text.unicodeScalars.makeIterator(), other.unicodeScalars.makeIterator())
    while true {
      let (scalar, other) = (scalars.next(), others.next())
      if scalar != other || scalar == nil { return "has \(name(scalar)) where that has \(name(other))" }
    }
  }

  private func fault(_ key: Key, in table: Int, _ message: String) -> ConfigurationFault {
    ConfigurationFault(
      place: ConfigurationFault.place(nodes[table].path + [key.text]), line: key.line, column: key.column,
      message: message)
  }
}
