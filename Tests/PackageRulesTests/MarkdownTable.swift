import Foundation

/// A table of a document: its column names and its rows, each cell as it stands.
struct MarkdownTable {
  let columns: [String]
  let rows: [[String]]

  /// The tables of a text, in their order.
  static func all(in text: some StringProtocol) -> [MarkdownTable] {
    var tables: [MarkdownTable] = []
    var lines: [String] = []
    for line in String(text).components(separatedBy: "\n") + [""] {
      if line.hasPrefix("|") {
        lines.append(line)
      } else if !lines.isEmpty {
        let cells = lines.map(Self.cells)
        tables.append(MarkdownTable(columns: cells[0], rows: Array(cells.dropFirst(2))))
        lines = []
      }
    }
    return tables
  }

  /// The first table with these columns.
  static func first(_ columns: [String], in text: some StringProtocol) -> MarkdownTable? {
    all(in: text).first { $0.columns == columns }
  }

  /// The words in backquotes of a text, in their order.
  static func words(in text: some StringProtocol) -> [String] {
    String(text).matches(of: #/`([^`]+)`/#).map { String($0.1) }
  }

  private static func cells(_ line: String) -> [String] {
    line.dropFirst().dropLast(line.hasSuffix("|") ? 1 : 0).split(separator: "|", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
