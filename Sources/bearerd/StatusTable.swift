import BearerJSON

/// The reply to `status` for people: the daemon in a line, then each issuer with its keys.
///
/// Members that have no form of their own here are shown as name and value, so that nothing of a newer daemon's reply
/// is lost.
struct StatusTable {
  let reply: JSONObject
  let style: Style
  /// How many characters a line may have; only longer words and tables of keys go beyond.
  var width = 80

  /// The lines.
  func lines() -> [String] {
    var daemon = ["bearerd \(Style.text(reply["version"]))"]
    if let uptime = reply["uptime_s"]?.integerValue { daemon.append("up \(ReadableDuration.text(seconds: uptime))") }
    var lines = [style.strong(daemon.joined(separator: ", "))]
    let known = ["id", "ok", "version", "uptime_s", "issuers"]
    lines += facts(of: reply, without: known, indentation: "  ")
    for issuer in reply["issuers"]?.arrayValue ?? [] {
      lines.append("")
      lines += self.lines(for: issuer)
    }
    return lines
  }

  // MARK: Issuers

  private func lines(for issuer: JSONValue) -> [String] {
    guard let members = issuer.objectValue else { return ["  \(Style.text(issuer))"] }
    var heading = style.strong(Style.text(members["issuer"]))
    if let url = members["url"] { heading += "  \(Style.text(url))" }
    if let state = members["state"] { heading += "  \(coloured(state: Style.text(state)))" }
    var lines = [heading]
    lines += facts(of: members, without: ["issuer", "url", "state", "keys"], indentation: "  ")
    if let keys = members["keys"]?.arrayValue {
      lines += keyTable(keys).map { "  \($0)" }
    } else if let count = members["keys"] {
      lines.append("  keys  \(Style.text(count))")
    }
    return lines
  }

  private func coloured(state: String) -> String {
    switch state {
    case "fresh", "ok", "ready": style.good(state)
    case "stale", "refreshing": style.attention(state)
    default: style.bad(state)
    }
  }

  private func keyTable(_ keys: [JSONValue]) -> [String] {
    guard !keys.isEmpty else { return [style.bad("no keys")] }
    var table = TextTable()
    var columns: [String] = []
    for key in keys {
      for member in key.objectValue?.members ?? [] where !columns.contains(member.name) { columns.append(member.name) }
    }
    table.add(columns.map { Style.harmless($0).uppercased() })
    for key in keys { table.add(columns.map { key[$0].map(cell) ?? "-" }) }
    return table.lines { row, column, cell in
      if row == 0 { return style.faint(cell) }
      return columns[column] == "usable" ? (cell == "yes" ? style.good(cell) : style.bad(cell)) : cell
    }
  }

  private func cell(_ value: JSONValue) -> String {
    switch value {
    case .bool(let truth): truth ? "yes" : "no"
    case .null: "-"
    default: Style.text(value)
    }
  }

  // MARK: Anything else

  private func facts(of object: JSONObject, without known: [String], indentation: String) -> [String] {
    var table = TextTable()
    add(object.members.filter { !known.contains($0.name) }, to: &table, prefix: "")
    table.wrapLastColumn(width: width - indentation.count)
    return table.lines().map { indentation + $0 }
  }

  private func add(_ members: [JSONObject.Member], to table: inout TextTable, prefix: String) {
    for member in members {
      let name = prefix + Style.harmless(member.name)
      if let inner = member.value.objectValue {
        add(inner.members, to: &table, prefix: name + ".")
      } else if name.hasSuffix("_s"), let seconds = member.value.integerValue {
        table.add([String(name.dropLast(2)), ReadableDuration.text(seconds: seconds)])
      } else {
        table.add([name, cell(member.value)])
      }
    }
  }
}
