/// Rows of cells under each other, each column as wide as its widest cell.
struct TextTable {
  private var rows: [[String]] = []

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// Breaks the last column between words, into rows of their own, so that lines have at most `width` characters; more
  /// if one word is longer, or if that would leave less than 20 for the column.
  mutating func wrapLastColumn(width: Int) {
    let columns = rows.map(\.count).max() ?? 0
    guard columns > 0 else { return }
    let room = (0..<columns - 1).reduce(width) { room, column in room - 2 - self.width(of: column) }
    rows = rows.flatMap { row -> [[String]] in
      guard row.count == columns, let last = row.last else { return [row] }
      return WrappedText.lines(last, width: max(20, room)).enumerated().map { number, line in
        (number == 0 ? row.dropLast() : Array(repeating: "", count: columns - 1)) + [line]
      }
    }
  }

  private func width(of column: Int) -> Int {
    rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
  }

  /// The lines, without white space at their ends; `style` is applied to a cell after its width is known, and gets row,
  /// column and text.
  func lines(style: (_ row: Int, _ column: Int, _ text: String) -> String = { $2 }) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map(width(of:))
    return rows.enumerated().map { number, row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += style(number, column, cell)
        if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
