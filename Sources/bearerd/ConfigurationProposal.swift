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
    // An issuer need not be an address; then its name says nothing.
    let host = (try? WebAddress(parsing: url))?.host ?? ""
    let labels = host.utf8.split(separator: UInt8(ascii: ".")).map { String(decoding: $0, as: UTF8.self) }
    let isNumeric = labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? true
    let first = labels.first { !dull.contains($0) && $0.utf8.allSatisfy(TOMLReader.isBareKeyByte) }
    return isNumeric ? "provider" : first ?? "provider"
  }

  /// The file's lines; what only its reader can know is marked with `FILL IN`.
  func lines() -> [String] {
    let shown = audiences.map(TOMLText.string).joined(separator: ", ")
    var lines = ["[issuer.\(name)]", "url = \(TOMLText.string(url))"]
    if !algorithms.isEmpty {
      lines.append("algorithms = [\(algorithms.map(TOMLText.string).joined(separator: ", "))]")
    }
    lines += ["", "[policy.default]", "issuers = [\"\(name)\"]"]
    lines.append(
      audiences.isEmpty
        ? "audiences = []   # FILL IN what the tokens for this application have as aud" : "audiences = [\(shown)]")
    if isForIDTokens { lines.append("token_type = \"id\"") }
    return lines
  }
}
