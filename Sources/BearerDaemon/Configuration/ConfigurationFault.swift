/// One thing that is wrong with a configuration: where it is, what was found, and what is expected.
package struct ConfigurationFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// The key's full name (`issuer.authgear.refresh`), a flag (`--issuer`), a variable (`BEARERD_SOCKET`) or a file's path.
  package var place: String
  /// The line in the file, from 1, if the place is in one.
  package var line: Int?
  /// The column in the line, from 1; known only where the file is not TOML at all.
  package var column: Int?
  /// What stands there, in short and never a secret; `nil` if nothing does.
  package var found: String?
  /// What should stand there, with an example where that helps.
  package var expected: String?
  /// What is wrong, in words.
  package var message: String

  /// A fault.
  package init(
    place: String, line: Int? = nil, column: Int? = nil, found: String? = nil, expected: String? = nil, message: String
  ) {
    self.place = place
    self.line = line
    self.column = column
    self.found = found
    self.expected = expected
    self.message = message
  }

  /// The fault as one line for people: `line 7: issuer.authgear.refresh: not a duration; found "10 min", expected …`.
  package var description: String {
    var text = ""
    if let line { text += "line \(line)\(column.map { ", column \($0)" } ?? ""): " }
    if !place.isEmpty { text += "\(place): " }
    text += message
    if let found { text += "; found \(found)" }
    if let expected { text += "\(found == nil ? ";" : ",") expected \(expected)" }
    return text
  }
}

/// Everything that is wrong with a configuration, in the order of the file.
package struct ConfigurationFaults: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file that was read; `nil` if the faults are about flags and environment.
  package var file: String?
  /// The faults; never empty.
  package var faults: [ConfigurationFault]

  /// Faults of a configuration.
  package init(file: String? = nil, _ faults: [ConfigurationFault]) {
    self.file = file
    self.faults = faults
  }

  /// One line per fault; those that have a place in the file begin with its path.
  package var description: String {
    faults.map { fault in
      guard let file, file != fault.place, !Self.isFlagOrVariable(fault.place) else { return fault.description }
      return "\(file): \(fault.description)"
    }.joined(separator: "\n")
  }

  /// Keys of the file are in small letters, variables in capitals.
  private static func isFlagOrVariable(_ place: String) -> Bool {
    place.hasPrefix("--") || place.first?.isUppercase == true
  }
}
