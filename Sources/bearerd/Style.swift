import BearerJSON
import BearerLogging

/// Colours text for a terminal, and escapes what could control the terminal.
struct Style: Sendable {
  /// Whether colour is wanted.
  var hasColour: Bool

  func good(_ text: String) -> String { paint("32", text) }
  func bad(_ text: String) -> String { paint("31", text) }
  func attention(_ text: String) -> String { paint("33", text) }
  func strong(_ text: String) -> String { paint("1", text) }
  func faint(_ text: String) -> String { paint("2", text) }

  private func paint(_ code: String, _ text: String) -> String {
    hasColour && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  /// Text that may come from a hostile token, with everything escaped that can move a cursor or reverse text.
  static func harmless(_ text: String) -> String {
    text.unicodeScalars.map { $0.isHarmful ? $0.escaped : String($0) }.joined()
  }

  /// A member of a reply as text for people; `?` if it is missing.
  static func text(_ value: JSONValue?) -> String {
    switch value {
    case .string(let text): harmless(text)
    case .array(let values): values.map { text($0) }.joined(separator: ", ")
    case .some(let value): harmless(String(decoding: value.serialized(), as: UTF8.self))
    case nil: "?"
    }
  }

  /// Indented JSON for a terminal, with the same characters escaped in JSON's own way.
  static func harmless(json: [UInt8]) -> String {
    var result = ""
    for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
      if scalar != "\n", scalar.isHarmful {
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
          let hexadecimal = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
        }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
