package import BearerTOML

/// What one table of the configuration file says; its keys are rows.
package protocol ConfigurationTable: Sendable {
  /// A table of defaults.
  init()

  /// The keys, in the order of the documents.
  static var keys: [ConfigurationKey<Self>] { get }

  /// Called before the keys are read: a key that changes the defaults of others is read here.
  mutating func prepare(_ reader: inout TableReader)

  /// Called when all keys have been read: rules over several of them.
  mutating func finish(_ reader: inout TableReader)
}

/// A table that has siblings and therefore a name, such as `[issuer.NAME]`.
package protocol NamedTable: ConfigurationTable {
  /// The name.
  var name: String { get set }
}

extension ConfigurationTable {
  package mutating func prepare(_ reader: inout TableReader) {}

  package mutating func finish(_ reader: inout TableReader) {}

  /// Reads a table over what is there already.
  ///
  /// - Parameters:
  ///   - table: The table.
  ///   - path: Its full name.
  ///   - outer: The reader that notes what is wrong.
  mutating func read(_ table: TOMLTable, at path: [String] = [], of outer: inout TableReader) {
    var reader = TableReader(table, at: path, keys: Self.keys.map(\.name))
    read(&reader)
    outer.faults += reader.faults
  }

  /// Reads the reader's table over what is there already.
  mutating func read(_ reader: inout TableReader) {
    prepare(&reader)
    for key in Self.keys { key.read(&reader, &self) }
    finish(&reader)
  }

  /// The keys whose values differ, by name, with what the second table holds as TOML writes it.
  ///
  /// `check` prints with it what a key like `preset` has set: what differs from a table that nothing was read into.
  package static func differences(from old: Self, to new: Self) -> [(name: String, text: String)] {
    keys.compactMap { key in
      guard let text = key.text(new), key.text(old)?.utf8.elementsEqual(text.utf8) != true else { return nil }
      return (key.name, text)
    }
  }

  /// The keys that differ and take effect at the next start only.
  package static func restarts(from old: Self, to new: Self) -> [String] {
    keys.flatMap { $0.restarts(old, new) }
  }

  /// The default of each key: what its absence means in words, else as TOML writes it.
  package static var defaults: [(name: String, text: String)] {
    keys.map { ($0.name, $0.absence.isEmpty ? $0.text(Self()) ?? "" : $0.absence) }
  }
}
