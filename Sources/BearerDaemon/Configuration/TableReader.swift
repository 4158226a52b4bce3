/// Reads the values of one table, each with its type and bounds, and collects what is wrong with them.
///
/// A faulty value is noted and read as if it were not there, so that one run finds every fault.
struct TableReader<Key: ConfigurationKey> {
  let path: [String]
  private let members: [String: ConfigurationValue]
  private let document: ConfigurationDocument
  private(set) var faults: [ConfigurationFault] = []

  /// A reader of the table at a path; unknown keys are noted at once.
  init(_ members: [String: ConfigurationValue], at path: [String], in document: ConfigurationDocument) {
    self.path = path
    self.members = members
    self.document = document
    let known = Key.allCases.map(\.rawValue)
    for name in members.keys where !known.contains(name) {
      let meant = NearMiss.of(name, among: known)
      faults.append(
        ConfigurationFault(
          place: Self.place(path + [name]), line: document.line(of: path + [name]),
          expected: meant == nil ? "one of " + known.joined(separator: ", ") : nil,
          message: "unknown key" + (meant.map { "; did you mean \"\($0)\"?" } ?? "")))
    }
  }

  /// A key's full name as TOML would write it.
  static func place(_ path: [String]) -> String {
    path.map { part in
      let isBare =
        !part.isEmpty
        && part.utf8.allSatisfy {
          switch $0 {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
          default: false
          }
        }
      return isBare ? part : ConfigurationValue.quoted(part)
    }.joined(separator: ".")
  }

  /// What stands at a key, if anything.
  subscript(_ key: Key) -> ConfigurationValue? { members[key.rawValue] }

  /// Whether anything stands at a key.
  func has(_ key: Key) -> Bool { members[key.rawValue] != nil }

  /// Notes a fault of a key, or of something in its value.
  mutating func refuse(
    _ key: Key, _ rest: [String] = [], found: String? = nil, expected: String? = nil, _ message: String
  ) {
    let full = path + [key.rawValue] + rest
    faults.append(
      ConfigurationFault(
        place: Self.place(full), line: document.line(of: full), found: found, expected: expected, message: message))
  }

  /// Notes that the table lacks a key.
  mutating func miss(_ key: Key, expected: String, _ message: String = "is missing") {
    let full = path + [key.rawValue]
    faults.append(
      ConfigurationFault(place: Self.place(full), line: document.line(of: path), expected: expected, message: message))
  }

  /// A string with something other than white space in it.
  mutating func string(_ key: Key, expected: String = "a string") -> String? {
    guard let value = self[key] else { return nil }
    guard case .string(let text) = value else {
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
  mutating func string<Value>(_ key: Key, expected: String, as read: (String) -> Value?) -> Value? {
    guard let text = string(key, expected: expected) else { return nil }
    guard let value = read(text) else {
      refuse(key, found: ConfigurationValue.quoted(text), expected: expected, "not acceptable")
      return nil
    }
    return value
  }

  /// One of a few words.
  mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ key: Key, as type: Word.Type) -> Word? {
    let words = Word.allCases.map(\.rawValue)
    let expected = words.map { "\"\($0)\"" }.joined(separator: ", ")
    guard let text = string(key, expected: "one of \(expected)") else { return nil }
    if let word = Word(rawValue: text) { return word }
    let meant = NearMiss.of(text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
    refuse(key, found: ConfigurationValue.quoted(text), expected: "one of \(expected)", "unknown word\(meant)")
    return nil
  }

  /// A duration within bounds.
  mutating func duration(_ key: Key, in range: ClosedRange<Duration>) -> Duration? {
    let bounds = "from \(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
    guard let text = string(key, expected: DurationText.expectation) else { return nil }
    guard let duration = DurationText.parse(text) else {
      refuse(key, found: ConfigurationValue.quoted(text), expected: DurationText.expectation, "not a duration")
      return nil
    }
    guard range.contains(duration) else {
      refuse(key, found: ConfigurationValue.quoted(text), expected: bounds, "out of bounds")
      return nil
    }
    return duration
  }

  /// An integer within bounds.
  mutating func integer(_ key: Key, in range: ClosedRange<Int>) -> Int? {
    guard let value = self[key] else { return nil }
    let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
    guard case .integer(let number) = value else {
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
  mutating func boolean(_ key: Key) -> Bool? {
    guard let value = self[key] else { return nil }
    guard case .boolean(let truth) = value else {
      refuse(key, found: value.summary, expected: "true or false", "wrong type")
      return nil
    }
    return truth
  }

  /// A list of strings, none blank and at least one.
  mutating func strings(_ key: Key, expected: String = "a list of strings") -> [String]? {
    guard let value = self[key] else { return nil }
    guard case .array(let values) = value else {
      var expected = expected
      if case .string(let text) = value { expected += ", such as [\(ConfigurationValue.quoted(text))]" }
      refuse(key, found: value.summary, expected: expected, "wrong type")
      return nil
    }
    guard !values.isEmpty else {
      refuse(key, found: value.summary, expected: "\(expected), or no such key", "empty list")
      return nil
    }
    var texts: [String] = []
    for (position, value) in values.enumerated() {
      guard case .string(let text) = value else {
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
  mutating func path(_ key: Key) -> String? {
    string(key, expected: "an absolute path") { $0.hasPrefix("/") ? $0 : nil }
  }

  static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
