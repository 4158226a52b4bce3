import BearerDaemon
import BearerTOML

/// Faults of a configuration, for standard error: a line each for logs, a paragraph each for people.
struct FaultLines {
  let faults: ConfigurationFaults
  let style: Style

  /// How many faults there are, in words.
  private var heading: String {
    let count = faults.faults.count
    return "bearerd: the configuration cannot be used (\(count) \(count == 1 ? "fault" : "faults")):"
  }

  /// One line for each fault.
  func lines() -> [String] {
    [heading] + faults.description.split(separator: "\n").map { "  \($0)" }
  }

  /// A paragraph for each fault: the place, what is wrong, what was found, what is expected.
  func paragraphs(width: Int) -> [String] {
    var lines = [heading]
    for fault in faults.faults {
      lines.append("")
      var place = fault.line.map { "line \($0)" } ?? ""
      if let column = fault.column { place += ", column \(column)" }
      if !fault.place.isEmpty { place += (place.isEmpty ? "" : ": ") + fault.place }
      if let file = faults.file, fault.line != nil { place = "\(file), \(place)" }
      lines += WrappedText.lines(place, width: width).map(style.strong)
      lines += labelled("", fault.message, width)
      lines += labelled("found     ", fault.found, width)
      lines += labelled("expected  ", fault.expected, width)
    }
    return lines
  }

  private func labelled(_ label: String, _ text: String?, _ width: Int) -> [String] {
    guard let text else { return [] }
    let blank = String(repeating: " ", count: label.count)
    return WrappedText.lines(text, width: max(20, width - 2 - label.count)).enumerated().map {
      "  " + ($0 == 0 ? label : blank) + $1
    }
  }
}
