import BearerAddress
import BearerTOML

/// A configuration of one issuer and one policy, as text to start from.
struct ConfigurationProposal {
  /// What tokens have as `iss`, byte for byte.
  var url: String
  /// Algorithms that the issuer's keys are for; empty leaves them to the default.
  var algorithms: [String] = []
  /// What tokens must have as `aud`; empty leaves a gap that `bearerd check` names.
  var audiences: [String] = []
  /// Whether ID tokens are meant, and not access tokens.
  var isForIDTokens = false

  /// The short name: the first label of the host that says something.
  var name: String {
    let dull: Set = ["www", "auth", "login", "id", "idp", "sso", "accounts", "oauth", "oauth2", "api"]
    let host = (try? WebAddress(parsing: url))?.host ?? ""
    let labels = host.utf8.split(separator: UInt8(ascii: ".")).map { String(decoding: $0, as: UTF8.self) }
    let isNumeric = labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? true
    let first = labels.first { !dull.contains($0) && $0.utf8.allSatisfy(TOMLReader.isBareKeyByte) }
    return isNumeric ? "provider" : first ?? "provider"
  }

  /// The file's lines; what only its reader can know is marked with `FILL IN`.
  func lines() -> [String] {
    let shown = audiences.map(Self.quoted).joined(separator: ", ")
    var lines = ["[issuer.\(name)]", "url = \(Self.quoted(url))"]
    if !algorithms.isEmpty {
      lines.append("algorithms = [\(algorithms.map(Self.quoted).joined(separator: ", "))]")
    }
    lines += ["", "[policy.default]", "issuers = [\"\(name)\"]"]
    lines.append(
      audiences.isEmpty
        ? "audiences = []   # FILL IN what the tokens for this application have as aud" : "audiences = [\(shown)]")
    if isForIDTokens { lines.append("token_type = \"id\"") }
    return lines
  }

  /// A basic string of TOML 1.0, in which nothing can end it or disturb a terminal.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case _ where scalar == "\"" || scalar == "\\": result += "\\\(scalar)"
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        let hexadecimal = String(scalar.value, radix: 16)
        result += "\\U" + String(repeating: "0", count: 8 - hexadecimal.count) + hexadecimal
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
