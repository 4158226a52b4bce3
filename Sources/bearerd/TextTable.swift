/// Rows of cells under each other, each column as wide as its widest cell.
struct TextTable {
  private var rows: [[String]] = []

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The lines, without white space at their ends; `style` is applied to a cell after its width is known, and gets row,
  /// column and text.
  func lines(style: (_ row: Int, _ column: Int, _ text: String) -> String = { $2 }) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
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
