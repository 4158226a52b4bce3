/// A value of the configuration file, whatever library read it.
enum ConfigurationValue: Equatable {
  case string(String)
  case integer(Int64)
  case boolean(Bool)
  case float(String)
  case date(String)
  case array([ConfigurationValue])
  case table([String: ConfigurationValue])

  /// The value in short, as an error shows what was found.
  var summary: String {
    switch self {
    case .string(let text): "the string \(Self.quoted(text))"
    case .integer(let number): "the integer \(number)"
    case .boolean(let truth): "\(truth)"
    case .float(let text): "the number \(text)"
    case .date(let text): "the date or time \(text)"
    case .array(let values): values.isEmpty ? "an empty list" : "a list"
    case .table(let members): members.isEmpty ? "an empty table" : "a table"
    }
  }

  /// A text between quotes, bounded, with nothing in it that could disturb a terminal or a log line.
  static func quoted(_ text: String) -> String {
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
}
