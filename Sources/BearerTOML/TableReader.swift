/// Reads the values of one table, each with its type and bounds, and collects what is wrong with them.
///
/// A faulty value is noted and read as if it were not there, so that one run finds every fault.
package struct TableReader {
  /// The table's full name.
  package let path: [String]
  /// What is wrong so far.
  package private(set) var faults: [ConfigurationFault] = []
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

  /// Notes a fault of a key, or of an entry of the table that stands there.
  package mutating func refuse(
    _ key: String, entry: TOMLTable.Entry? = nil, found: String? = nil, expected: String? = nil, _ message: String
  ) {
    faults.append(
      ConfigurationFault(
        place: ConfigurationFault.place(path + [key] + (entry.map { [$0.key] } ?? [])),
        line: entry?.line ?? table[key]?.line ?? table.line, found: found, expected: expected, message: message))
  }

  /// Notes that the table lacks a key.
  package mutating func miss(_ key: String, expected: String, _ message: String = "is missing") {
    faults.append(
      ConfigurationFault(
        place: ConfigurationFault.place(path + [key]), line: table.line, expected: expected, message: message))
  }

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

  /// One of a few words.
  package mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, as type: Word.Type) -> Word?
  {
    let words = Word.allCases.map(\.rawValue)
    let expected = words.map { "\"\($0)\"" }.joined(separator: ", ")
    guard let text = string(key, expected: "one of \(expected)") else { return nil }
    if let word = Word(rawValue: text) { return word }
    let meant = NearMiss.of(text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
    refuse(key, found: ConfigurationFault.quoted(text), expected: "one of \(expected)", "unknown word\(meant)")
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
  package mutating func strings(_ key: String, expected: String = "a list of strings") -> [String]? {
    guard let value = self[key] else { return nil }
    guard case .array(let values) = value.content else {
      var expected = expected
      if case .string(let text) = value.content { expected += ", such as [\(ConfigurationFault.quoted(text))]" }
      refuse(key, found: value.summary, expected: expected, "wrong type")
      return nil
    }
    guard !values.isEmpty else {
      refuse(key, found: value.summary, expected: "\(expected), or no such key", "empty list")
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

  /// An absolute path.
  package mutating func path(_ key: String) -> String? {
    string(key, expected: "an absolute path") { $0.hasPrefix("/") ? $0 : nil }
  }

  /// Whether a text has nothing but white space in it.
  package static func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
