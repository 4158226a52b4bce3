import BearerSystemd

/// The words of systemd's status line.
///
/// Its length is bounded, and what is wrong comes first even among a thousand issuers.
///
/// PID 1 ignores a datagram of more than 4,096 bytes, and nobody reads a status line of more than a screen.
enum StatusText {
  /// An issuer as the line tells it.
  struct IssuerState {
    /// Where it stands among the others: 0 is in the worst state, ``fine`` has nothing wrong.
    var rank: Int
    /// Its name and state.
    var words: String

    /// The rank of an issuer with which nothing is wrong.
    static let fine = 3
  }

  /// The longest line that is made, in bytes.
  static let longest = 2000
  /// The longest remark that is shown whole, in bytes.
  static let longestRemark = 1000
  /// What is kept free for the count of those that are left out.
  private static let room = 60

  /// A line of remarks and issuers: those that are in trouble first, then the others, each in the order given, and how
  /// many found no room.
  static func line(remarks: [String], issuers: [IssuerState]) -> String {
    let sorted = (0...IssuerState.fine).flatMap { rank in issuers.filter { $0.rank == rank } }
    let line = remarks.map { oneLine($0).cut(toBytes: longestRemark) }.joined(separator: "; ")
    return append(sorted, to: line, separator: "; ") { rest in
      let fine = rest.count { $0.rank == IssuerState.fine }
      let counts = [(rest.count - fine, "in trouble"), (fine, "fine")].filter { $0.0 > 0 }
      return counts.map { "and \($0.0) more \($0.1)" }.joined(separator: ", ")
    }
  }

  /// A line that lists names, and how many found no room.
  static func line(_ beginning: String, names: [String]) -> String {
    let issuers = names.map { IssuerState(rank: IssuerState.fine, words: $0) }
    return beginning + append(issuers, to: "", separator: ", ") { "and \($0.count) more" }
  }

  private static func append(
    _ issuers: [IssuerState], to line: String, separator: String, count: (ArraySlice<IssuerState>) -> String
  ) -> String {
    var line = line
    func add(_ words: String) { line += (line.isEmpty ? "" : separator) + words }
    for (index, issuer) in issuers.enumerated() {
      let isLast = index == issuers.count - 1
      guard line.utf8.count + separator.utf8.count + issuer.words.utf8.count <= longest - (isLast ? 0 : room) else {
        add(count(issuers[index...]))
        return line
      }
      add(issuer.words)
    }
    return line
  }

  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.isWhitespace ? " " : $0 }))
  }
}
