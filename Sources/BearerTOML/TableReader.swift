/// Reads the values of one table, each with its type and bounds, and collects what is wrong with them.
///
/// A faulty value is noted and read as if it were not there, so that one run finds every fault.
package struct TableReader {
  /// The table's full name.
  package let path: [String]
  /// What is wrong so far.
  package var faults: [ConfigurationFault] = []
  private let table: TOMLTable

  /// A reader of a table; unknown keys are noted at once.
  ///
  /// - Parameters:
  ///   - table: The table.
  ///   - path: Its full name.
  ///   - keys: The keys that it may have.
  package init(_ table: TOMLTable, at path: [String], keys: [String]) {
    self.path = path
    self.table = table
    for entry in table.entries where !keys.contains(where: { $0.utf8.elementsEqual(entry.key.utf8) }) {
      let meant = NearMiss.of(entry.key, among: keys)
      faults.append(
        ConfigurationFault(
          place: ConfigurationFault.place(path + [entry.key]), line: entry.line,
          expected: meant == nil ? "one of " + keys.joined(separator: ", ") : nil,
          message: "unknown key" + (meant.map { "; did you mean \"\($0)\"?" } ?? "")))
    }
  }

  /// What stands at a key, if anything.
  package subscript(_ key: String) -> TOMLValue? { table[key]?.value }

  /// Whether anything stands at a key.
  package func has(_ key: String) -> Bool { table[key] != nil }

  /// Whether anything stands at a key of this table or of one below.
  package func has(at place: [String]) -> Bool { entry(at: place) != nil }

  /// Notes a fault of a key.
  package mutating func refuse(_ key: String, found: String? = nil, expected: String? = nil, _ message: String) {
    refuse(at: [key], found: found, expected: expected, message)
  }

  /// Notes a fault of a key of this table or of one below.
  ///
  /// - Parameters:
  ///   - place: The key's name from this table on.
  ///   - found: What stands there.
  ///   - expected: What should.
  ///   - message: What is wrong.
  package mutating func refuse(
    at place: [String], found: String? = nil, expected: String? = nil, _ message: String
  ) {
    faults.append(
      ConfigurationFault(
        place: fullName(place), line: entry(at: place)?.line ?? line(at: place), found: found,
        expected: expected, message: message))
  }

  /// Notes that the table lacks a key.
  package mutating func miss(_ key: String, expected: String, _ message: String = "is missing") {
    miss(at: [key], expected: expected, message)
  }

  /// Notes that this table, or one below, lacks a key.
  package mutating func miss(at place: [String], expected: String, _ message: String = "is missing") {
    faults.append(
      ConfigurationFault(
        place: fullName(place), line: line(at: place), expected: expected, message: message))
  }

  /// Notes a name that is not known.
  ///
  /// - Parameters:
  ///   - name: What was written.
  ///   - known: The names that could have been meant.
  ///   - place: Where it was written, from this table on.
  ///   - kind: What it should be the name of.
  package mutating func refuseUnknown(_ name: String, among known: [String], at place: [String], _ kind: String) {
    guard !known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { return }
    let meant = NearMiss.of(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    refuse(
      at: place, found: ConfigurationFault.quoted(name),
      expected: known.isEmpty ? "the name of an [\(kind).NAME] table" : "some of \(Self.list(known))",
      "there is no such \(kind)\(meant)")
  }

  /// Names with commas between; at most 20 of them, so that a fault stays readable.
  package static func list(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", … (\(names.count) in all)" : "")
  }

  /// What stands at a key of this table or of one below.
  private func entry(at place: [String]) -> TOMLTable.Entry? {
    place.dropLast().reduce(Optional(table)) { $0?[$1]?.value.table }.flatMap { table in
      place.last.flatMap { table[$0] }
    }
  }

  /// The line of the innermost table on the way to a key.
  private func line(at place: [String]) -> Int? {
    var line = table.line
    var table = table
    for key in place.dropLast() {
      guard let inner = table[key]?.value.table else { break }
      table = inner
      line = inner.line
    }
    return line
  }

  // MARK: Tables

  /// The table that stands at a key.
  package mutating func table(_ key: String) -> TOMLTable? {
    guard let value = self[key] else { return nil }
    guard let table = value.table else {
      refuse(key, found: value.summary, expected: "a table [\(fullName([key]))]", "wrong type")
      return nil
    }
    return table
  }

  /// The tables with names of their own below a key, in the order of the file; a faulty name is noted.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - keys: The keys that such a table may have, to recognise a table whose name was left out.
  /// - Returns: The tables.
  package mutating func namedTables(_ key: String, keys: [String]) -> [(name: String, table: TOMLTable)] {
    guard let value = self[key] else { return [] }
    let example = "[\(fullName([key])).NAME]"
    guard let all = value.table, !all.entries.isEmpty else {
      refuse(key, found: value.summary, expected: "at least one table \(example)", "wrong type")
      return []
    }
    return all.entries.compactMap { entry in
      guard let table = entry.value.table else {
        refuse(
          at: [key, entry.key], found: entry.value.summary, expected: "a table \(example)",
          keys.contains { $0.utf8.elementsEqual(entry.key.utf8) }
            ? "this key belongs into a table with a name" : "wrong type")
        return nil
      }
      if !Self.isName(entry.key) {
        refuse(
          at: [key, entry.key], expected: "1 to 64 of the characters A-Z a-z 0-9 . _ -",
          "not a name for use in requests and logs")
      }
      return (entry.key, table)
    }
  }

  private func fullName(_ place: [String]) -> String { ConfigurationFault.place(path + place) }

  private static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { TOMLReader.isBareKeyByte($0) || $0 == UInt8(ascii: ".") }
  }

  // MARK: Values

  /// A string with something other than white space in it.
  package mutating func string(_ key: String, expected: String = "a string") -> String? {
    guard let value = self[key] else { return nil }
    guard case .string(let text) = value.content else {
      refuse(key, found: value.summary, expected: expected, "wrong type")
      return nil
    }
    guard !Self.isBlank(text) else {
      refuse(key, found: value.summary, expected: expected, "blank")
      return nil
    }
    return text
  }

  /// A string that a function can read.
  package mutating func string<Value>(_ key: String, expected: String, as read: (String) -> Value?) -> Value? {
    guard let text = string(key, expected: expected) else { return nil }
    guard let value = read(text) else {
      refuse(key, found: ConfigurationFault.quoted(text), expected: expected, "not acceptable")
      return nil
    }
    return value
  }

  /// One of a few words; the result is its index.
  package mutating func word(_ key: String, of words: [String]) -> Int? {
    let expected = "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
    guard let text = string(key, expected: expected) else { return nil }
    if let place = words.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) { return place }
    let meant = NearMiss.of(text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
    refuse(key, found: ConfigurationFault.quoted(text), expected: expected, "unknown word\(meant)")
    return nil
  }

  /// A duration within bounds.
  package mutating func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
    let bounds = "from \(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
    guard let text = string(key, expected: DurationText.expectation) else { return nil }
    guard let duration = DurationText.parse(text) else {
      refuse(key, found: ConfigurationFault.quoted(text), expected: DurationText.expectation, "not a duration")
      return nil
    }
    guard range.contains(duration) else {
      refuse(key, found: ConfigurationFault.quoted(text), expected: bounds, "out of bounds")
      return nil
    }
    return duration
  }

  /// An integer within bounds.
  package mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let value = self[key] else { return nil }
    let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
    guard case .integer(let number) = value.content else {
      refuse(key, found: value.summary, expected: expected, "wrong type")
      return nil
    }
    guard let number = Int(exactly: number), range.contains(number) else {
      refuse(key, found: value.summary, expected: expected, "out of bounds")
      return nil
    }
    return number
  }

  /// True or false.
  package mutating func boolean(_ key: String) -> Bool? {
    guard let value = self[key] else { return nil }
    guard case .boolean(let truth) = value.content else {
      refuse(key, found: value.summary, expected: "true or false", "wrong type")
      return nil
    }
    return truth
  }

  /// A list of strings, none blank and at least one.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - expected: What the list is of, in words.
  ///   - canBeLeftOut: Whether the table may do without the key; the fault of an empty list then says so.
  /// - Returns: The strings.
  package mutating func strings(
    _ key: String, expected: String = "a list of strings", canBeLeftOut: Bool = true
  ) -> [String]? {
    guard let value = self[key] else { return nil }
    guard case .array(let values) = value.content else {
      var expected = expected
      if case .string(let text) = value.content { expected += ", such as [\(ConfigurationFault.quoted(text))]" }
      refuse(key, found: value.summary, expected: expected, "wrong type")
      return nil
    }
    guard !values.isEmpty else {
      refuse(
        key, found: value.summary, expected: canBeLeftOut ? "\(expected), or no such key" : expected, "empty list")
      return nil
    }
    var texts: [String] = []
    for (position, value) in values.enumerated() {
      guard case .string(let text) = value.content else {
        refuse(key, found: value.summary, expected: expected, "item \(position + 1) has the wrong type")
        return nil
      }
      guard !Self.isBlank(text) else {
        refuse(key, found: value.summary, expected: expected, "item \(position + 1) is blank")
        return nil
      }
      texts.append(text)
    }
    return texts
  }

  /// Whether a text has nothing but white space in it.
  package static func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
