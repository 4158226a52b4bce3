extension Unicode.Scalar {
  /// Whether it could begin a line, move a terminal's cursor or reverse text, or means something else to each terminal.
  package var isHarmful: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
    default: false
    }
  }

  /// Its number in hexadecimal, as `\u{202e}`.
  package var escaped: String { "\\u{\(String(value, radix: 16))}" }
}
