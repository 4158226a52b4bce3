/// A line with wildcards: `…` stands for any run of characters without a quotation mark, `……` for any run at all.
///
/// The first kind cannot reach beyond the string or number in which it stands, so a reply with a member too many does
/// not match by accident.
struct LinePattern {
  private enum Part: Equatable {
    case character(Character)
    case unquoted
    case anything
  }

  private var parts: [Part] = []

  init(_ text: String) {
    for character in text {
      switch (character, parts.last) {
      case ("…", .unquoted): parts[parts.count - 1] = .anything
      case ("…", _): parts.append(.unquoted)
      default: parts.append(.character(character))
      }
    }
  }

  /// Whether the whole line is like the pattern.
  func matches(_ line: String) -> Bool {
    let line = Array(line)
    // Which prefixes of the line the parts so far can have matched.
    var reached = [true] + Array(repeating: false, count: line.count)
    for part in parts {
      var new = Array(repeating: false, count: line.count + 1)
      for end in 0...line.count {
        switch part {
        case .character(let character): new[end] = end > 0 && reached[end - 1] && line[end - 1] == character
        case .unquoted: new[end] = reached[end] || end > 0 && new[end - 1] && line[end - 1] != "\""
        case .anything: new[end] = reached[end] || end > 0 && new[end - 1]
        }
      }
      reached = new
    }
    return reached[line.count]
  }
}
