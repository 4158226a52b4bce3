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

  /// A key's full name as TOML writes it: `issuer."a b".url`.
  package static func place(_ path: [String]) -> String {
    path.map { part in
      !part.isEmpty && part.utf8.allSatisfy(TOMLReader.isBareKeyByte) ? part : escaped(part)
    }.joined(separator: ".")
  }

  /// What was found, between quotes and bounded, with nothing in it that could disturb a terminal or a log line.
  ///
  /// It may hold an address. The part before an `@` could be a password and the part after a `?` a key, so neither is
  /// shown. Bytes decide that, because an `@` with a combining accent is another character.
  package static func quoted(_ text: String) -> String {
    var bytes = text.utf8[...]
    var start = bytes.prefix(0)
    if let at = bytes.lastIndex(of: UInt8(ascii: "@")) {
      if let scheme = bytes[..<at].firstRange(of: "://".utf8) { start = bytes[..<scheme.upperBound] }
      bytes = bytes[at...]
    }
    let shown = bytes.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    let isAddress = text.utf8.firstRange(of: "://".utf8) != nil || bytes.startIndex > text.utf8.startIndex
    guard isAddress else { return escaped(text) }
    return escaped(
      String(Substring(start)) + (bytes.startIndex > text.utf8.startIndex ? "…" : "") + String(Substring(shown))
        + (shown.endIndex < bytes.endIndex ? "?…" : ""))
  }

  private static func escaped(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(80) {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + (text.unicodeScalars.count > 80 ? "…\"" : "\"")
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
