/// Values as TOML writes them.
package enum TOMLText {
  /// A basic string; whatever could end it or disturb a terminal is escaped.
  package static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case _ where scalar == "\"" || scalar == "\\": result += "\\\(scalar)"
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        let hexadecimal = String(scalar.value, radix: 16)
        result += "\\U" + String(repeating: "0", count: 8 - hexadecimal.count) + hexadecimal
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// An array of basic strings.
  package static func strings(_ texts: some Sequence<String>) -> String {
    "[" + texts.map(string).joined(separator: ", ") + "]"
  }
}
