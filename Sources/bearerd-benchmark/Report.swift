/// Rows of figures and whether goals are met, as a table that grows or as one JSON object at the end.
struct Report {
  var isJSON = false
  private var rows: [String] = []
  private var goals: [String] = []

  func begin() {
    if !isJSON { print("what                                    µs each   ratio") }
  }

  mutating func add(_ what: String, _ microseconds: Double, _ ratio: Double?) {
    let (time, ratio) = (Self.fixed(microseconds), ratio.map(Self.fixed))
    if isJSON {
      // Names are the benchmark's own and need no escapes.
      rows.append(#"{"what":"\#(what)","microseconds":\#(time)\#(ratio.map { #","ratio":\#($0)"# } ?? "")}"#)
    } else {
      let name = what + String(repeating: " ", count: max(1, 38 - what.count))
      print(name + Self.padded(time, 9) + Self.padded(ratio ?? "", 8))
    }
  }

  mutating func judge(_ goal: String, _ isMet: Bool) {
    if isJSON {
      goals.append(#"{"goal":"\#(goal)","met":\#(isMet)}"#)
    } else {
      print("\(goal): \(isMet ? "met" : "missed")")
    }
  }

  func end() {
    if isJSON { print(#"{"rows":[\#(rows.joined(separator: ","))],"goals":[\#(goals.joined(separator: ","))]}"#) }
  }

  private static func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
