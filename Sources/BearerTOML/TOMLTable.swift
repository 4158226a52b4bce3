import BearerThreads

/// A table of a TOML file: its keys in the order of the file, no two of them equal, even after Unicode normalisation.
package struct TOMLTable: Equatable, Sendable {
  /// A key and its value.
  package struct Entry: Equatable, Sendable {
    /// The key, without quotes and escapes.
    package var key: String
    /// The line on which the key stands first, from 1; `nil` if it stands in no file.
    package var line: Int?
    /// What stands at the key.
    package var value: TOMLValue

    /// An entry.
    package init(key: String, line: Int? = nil, value: TOMLValue) {
      self.key = key
      self.line = line
      self.value = value
    }
  }

  /// The keys and values, in the order of the file.
  package var entries: [Entry]
  /// The line of the table's header, or of the first key that makes it; `nil` if it stands in no file.
  package var line: Int?

  /// A table of these entries.
  package init(_ entries: [Entry] = [], line: Int? = nil) {
    self.entries = entries
    self.line = line
  }

  /// Frees all entries, little by little, if nobody else refers to them (``CurrentThread/free(_:)``).
  package mutating func free() {
    while !entries.isEmpty {
      // The entry is gone after this line, so that its table has no other reference when it is emptied.
      var inner = entries.removeLast().value.table
      inner?.free()
      CurrentThread.giveWay()
    }
  }

  /// The entry of a key, which is compared by its UTF-8 bytes: `==` of Swift's strings takes K for the Kelvin sign.
  package subscript(key: String) -> Entry? {
    entries.first { $0.key.utf8.elementsEqual(key.utf8) }
  }
}

/// A value of a TOML file and where it begins.
package struct TOMLValue: Equatable, Sendable {
  /// The kinds of values that are read.
  package enum Content: Equatable, Sendable {
    /// A text.
    case string(String)
    /// An integer, however it is written.
    case integer(Int64)
    /// True or false.
    case boolean(Bool)
    /// A list, or the tables of an array of tables.
    case array([TOMLValue])
    /// A table, however it is written.
    case table(TOMLTable)
  }

  /// The value.
  package var content: Content
  /// The line on which the value begins, from 1; `nil` if it stands in no file.
  package var line: Int?

  /// A value.
  package init(_ content: Content, line: Int? = nil) {
    self.content = content
    self.line = line
  }

  /// The table, if it is one.
  package var table: TOMLTable? {
    guard case .table(let table) = content else { return nil }
    return table
  }

  /// The value in short, as a fault shows what was found.
  package var summary: String {
    switch content {
    case .string(let text): "the string \(ConfigurationFault.quoted(text))"
    case .integer(let number): "the integer \(number)"
    case .boolean(let truth): "\(truth)"
    case .array(let values): values.isEmpty ? "an empty list" : "a list"
    case .table(let table): table.entries.isEmpty ? "an empty table" : "a table"
    }
  }
}
