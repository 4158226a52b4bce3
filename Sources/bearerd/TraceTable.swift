import BearerJSON

/// The trace of a verification (`explain`) for people: why a token was refused, and what to change.
struct TraceTable {
  /// The reply to `verify` or `introspect` with `explain`.
  let reply: JSONObject
  let style: Style
  /// How many characters a line may have.
  var width = 80

  /// The verdict, the checks in their order, and for each that failed what was expected, what was found, what to do.
  func lines() -> [String] {
    let checks = (reply["trace"] ?? reply["error"]?["trace"])?.arrayValue ?? []
    let width = checks.map { Style.text($0["check"]).count }.max() ?? 0
    var lines = verdict()
    if !checks.isEmpty { lines.append("") }
    for check in checks { lines += self.lines(for: check, nameWidth: width) }
    return lines
  }

  /// The verdict, and of the checks only the first that failed: it is the answer.
  func summary() -> [String] {
    let checks = (reply["trace"] ?? reply["error"]?["trace"])?.arrayValue ?? []
    guard let first = checks.first(where: { $0["result"] == "fail" }) else { return verdict() }
    return verdict() + lines(for: first, nameWidth: Style.text(first["check"]).count)
  }

  // MARK: Verdict

  private func verdict() -> [String] {
    guard ExitStatus(reply: reply) != .holds else {
      var facts = ["policy", "issuer"].compactMap { name in reply[name].map { "\(name) \(Style.text($0))" } }
      if let seconds = reply["expires_in"]?.integerValue {
        facts.append("expires in \(ReadableDuration.text(seconds: seconds))")
      }
      if reply["stale"] == .bool(true) { facts.append(style.attention("keys are stale")) }
      return ["\(style.good("✓ good"))  \(facts.joined(separator: ", "))"]
    }
    let error = reply["error"]
    let code = error?["code"].map { Style.text($0) } ?? "no error code in the reply"
    let word = error?["category"]?.stringValue == "unavailable" ? "? not decided" : "✗ refused"
    var lines = ["\(style.bad(word))  \(style.strong(code))"]
    if let message = error?["message"] {
      lines += WrappedText.lines(Style.text(message), width: width - 2).map { "  \($0)" }
    }
    var advice: [String] = []
    if let status = error?["status"] { advice.append("answer with status \(Style.text(status))") }
    if let milliseconds = error?["retry_after_ms"] { advice.append("ask again in \(Style.text(milliseconds)) ms") }
    if let reason = error?["reason"] { advice.append("reason: \(Style.text(reason))") }
    if ["keys_unavailable", "introspection_unavailable"].contains(error?["code"]?.stringValue) {
      advice.append("bearerd status tells why")
    }
    if !advice.isEmpty { lines.append("  " + style.faint(advice.joined(separator: "; "))) }
    return lines
  }

  // MARK: Checks

  private func lines(for check: JSONValue, nameWidth: Int) -> [String] {
    let name = Style.text(check["check"])
    let padded = name + String(repeating: " ", count: nameWidth - name.count)
    let indentation = String(repeating: " ", count: nameWidth + 6)
    switch check["result"]?.stringValue {
    case "pass":
      let detail = check["found"] ?? check["expected"]
      return [
        "  \(style.good("✓")) \(padded)  \(style.faint(detail.map { Style.text($0) } ?? ""))".withoutTrailingSpaces
      ]
    case "skip":
      let reason = check["hint"] ?? check["found"]
      return [style.faint("  · \(padded)  \(reason.map { Style.text($0) } ?? "not checked")")]
    default:
      let room = max(20, width - indentation.count - 10)
      var details: [String] = []
      for (label, value) in [
        ("expected", check["expected"]), ("found   ", check["found"]), ("change  ", check["hint"]),
      ] {
        guard let value else { continue }
        for (number, line) in WrappedText.lines(Style.text(value), width: room).enumerated() {
          let labelled = "\(number == 0 ? label : "        ")  \(line)"
          details.append(label == "change  " ? style.strong(labelled) : labelled)
        }
      }
      var lines = ["  \(style.bad("✗")) \(style.bad(padded))  \(details.first ?? "")".withoutTrailingSpaces]
      lines += details.dropFirst().map { indentation + $0 }
      return lines
    }
  }
}

extension String {
  /// The text without spaces at its end.
  fileprivate var withoutTrailingSpaces: String {
    var rest = self[...]
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }
}
