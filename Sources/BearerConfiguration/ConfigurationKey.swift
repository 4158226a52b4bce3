package import BearerTOML
import BearerThreads

/// A key of a table in the configuration file: the one place where its name, type, bounds, default and effect stand.
///
/// The file is read by these rows, `check` and reloads compare by them, and tests hold README and example file against
/// them. A key with a value is one line:
///
///     .init("leeway", \.leeway, .duration(.zero ... .seconds(300)))
///
/// Its default is what the property holds in a table that nothing was read into. What a value may be is said by its
/// ``ValueKind``; rules over several keys stand in ``ConfigurationTable/finish(_:)``.
package struct ConfigurationKey<Table: ConfigurationTable>: Sendable {
  /// As the file writes it.
  package let name: String
  /// What the key's absence means, in words; empty if its default is a value, or nothing.
  package let absence: String
  /// Whether a change of it takes effect at the next start only.
  package let needsRestart: Bool
  /// The type of the inner table, for a key that is a table.
  package let inner: (any ConfigurationTable.Type)?
  /// Reads the key into a table, and notes what is wrong with it; changes nothing if the key is absent.
  let read: @Sendable (inout TableReader, inout Table) -> Void
  /// What a table holds, as TOML writes it; `nil` if it holds nothing, or a table.
  let text: @Sendable (Table) -> String?
  /// The names of the keys, with their table's, that differ and need a restart.
  let restarts: @Sendable (Table, Table) -> [String]
}

extension ConfigurationKey {
  /// A key with a value.
  ///
  /// - Parameters:
  ///   - name: As the file writes it.
  ///   - path: Where it is kept.
  ///   - kind: What it may be.
  ///   - absence: What its absence means, in words of README's column for defaults, where the value does not say it.
  ///   - restart: Whether a change takes effect at the next start only.
  package init<Value>(
    _ name: String, _ path: any WritableKeyPath<Table, Value> & Sendable, _ kind: ValueKind<Value>,
    absence: String = "", restart: Bool = false
  ) {
    self.init(name, absence: absence, restart: restart) {
      kind.write($0[keyPath: path])
    } read: { reader, table in
      if let value = kind.read(&reader, name) { table[keyPath: path] = value }
    }
  }

  /// A key that may be absent.
  ///
  /// - Parameters:
  ///   - name: As the file writes it.
  ///   - path: Where it is kept; `nil` if it is absent.
  ///   - kind: What it may be.
  ///   - absence: What its absence means, in words of README's column for defaults.
  ///   - restart: Whether a change takes effect at the next start only.
  package init<Value>(
    _ name: String, _ path: any WritableKeyPath<Table, Value?> & Sendable, _ kind: ValueKind<Value>,
    absence: String = "", restart: Bool = false
  ) {
    self.init(name, absence: absence, restart: restart) {
      $0[keyPath: path].map(kind.write)
    } read: { reader, table in
      if let value = kind.read(&reader, name) { table[keyPath: path] = value }
    }
  }

  /// A key of any other shape.
  ///
  /// - Parameters:
  ///   - name: As the file writes it.
  ///   - absence: What its absence means, in words of README's column for defaults.
  ///   - restart: Whether a change takes effect at the next start only.
  ///   - text: What a table holds, as TOML writes it.
  ///   - read: Reads it.
  package init(
    _ name: String, absence: String = "", restart: Bool = false, text: @escaping @Sendable (Table) -> String?,
    read: @escaping @Sendable (inout TableReader, inout Table) -> Void
  ) {
    self.init(
      name: name, absence: absence, needsRestart: restart, inner: nil, read: read, text: text,
      restarts: { old, new in
        restart && text(old).map { Array($0.utf8) } != text(new).map { Array($0.utf8) } ? [name] : []
      })
  }

  private init<Inner: ConfigurationTable>(
    table name: String, _ inner: Inner.Type, restarts: @escaping @Sendable (Table, Table) -> [String] = { _, _ in [] },
    read: @escaping @Sendable (inout TableReader, inout Table) -> Void
  ) {
    self.init(
      name: name, absence: "", needsRestart: false, inner: inner, read: read, text: { _ in nil }, restarts: restarts)
  }

  /// A table that is always there, `[NAME]`.
  package static func table<Inner: ConfigurationTable>(
    _ name: String, _ path: any WritableKeyPath<Table, Inner> & Sendable
  ) -> Self {
    Self(table: name, Inner.self) { old, new in
      Inner.restarts(from: old[keyPath: path], to: new[keyPath: path]).map { "\(name).\($0)" }
    } read: { reader, table in
      guard let value = reader.table(name) else { return }
      table[keyPath: path].read(value, at: reader.path + [name], of: &reader)
    }
  }

  /// A table that may be absent, such as `[issuer.NAME.introspection]`.
  package static func table<Inner: ConfigurationTable>(
    _ name: String, _ path: any WritableKeyPath<Table, Inner?> & Sendable
  ) -> Self {
    Self(table: name, Inner.self) { reader, table in
      guard let value = reader.table(name) else { return }
      var inner = Inner()
      inner.read(value, at: reader.path + [name], of: &reader)
      table[keyPath: path] = inner
    }
  }

  /// Tables with names, `[KEY.NAME]`, in the order of the file; their changes take effect at a reload.
  ///
  /// - Parameters:
  ///   - name: The key.
  ///   - path: Where they are kept.
  ///   - required: Whether there must be one.
  /// - Returns: The row.
  package static func tables<Inner: NamedTable>(
    _ name: String, _ path: any WritableKeyPath<Table, [Inner]> & Sendable, required: Bool
  ) -> Self {
    Self(table: name, Inner.self) { reader, table in
      if required, !reader.has(name) {
        reader.miss(name, expected: "at least one table [\(name).NAME]", "there is none")
      }
      for entry in reader.namedTables(name, keys: Inner.keys.map(\.name)) {
        CurrentThread.giveWay()
        var inner = Inner()
        inner.name = entry.name
        inner.read(entry.table, at: reader.path + [name, entry.name], of: &reader)
        table[keyPath: path].append(inner)
      }
    }
  }
}
