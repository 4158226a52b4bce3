import BearerAddress
import BearerConfiguration
import BearerJOSE
import BearerTOML

/// A configuration of one issuer and one policy, as text to start from.
struct ConfigurationProposal {
  /// What tokens have as `iss`, byte for byte.
  var url: String
  /// Algorithms that the issuer's keys are for; empty leaves them to the default.
  var algorithms: [String] = []
  /// What tokens must have as `aud`; empty leaves a gap that `bearerd check` names.
  var audiences: [String] = []
  /// The provider's preset, if there is one.
  var preset: Preset?
  /// Whether it is for ID tokens instead of access tokens.
  var isForIDTokens = false
  /// Names that issuers and policies of the same file have already.
  var takenIssuers: Set<String> = []
  var takenPolicies: Set<String> = []

  /// The short name: the host's first label that is not a common one, with a number if that is taken.
  var name: String {
    let dull: Set = ["www", "auth", "login", "id", "idp", "sso", "accounts", "oauth", "oauth2", "api"]
    // An issuer need not be an address; then it has no host to be named after.
    let host = (try? WebAddress(parsing: url))?.host ?? ""
    let labels = host.utf8.split(separator: UInt8(ascii: ".")).map { String(decoding: $0, as: UTF8.self) }
    let isNumeric = labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? true
    let first = labels.first { !dull.contains($0) && $0.utf8.allSatisfy(TOMLReader.isBareKeyByte) }
    return Self.free(isNumeric ? "provider" : first ?? "provider", among: takenIssuers)
  }

  /// The policy's name: `default`, which requests that name none are held to, unless that is taken.
  private var policy: String { takenPolicies.contains("default") ? Self.free(name, among: takenPolicies) : "default" }

  private static func free(_ name: String, among taken: Set<String>) -> String {
    var (free, number) = (name, 1)
    while taken.contains(free) {
      number += 1
      free = "\(name)\(number)"
    }
    return free
  }

  /// Whether the preset allows every algorithm of the issuer's keys.
  private var isSetByPreset: Bool {
    var presetAlone = IssuerConfiguration(name: name)
    preset?.apply(to: &presetAlone, url: url)
    return preset != nil && algorithms.allSatisfy { name in presetAlone.algorithms.contains { $0.rawValue == name } }
  }

  /// The file's lines; what only the operator can know is marked with `FILL IN`.
  func lines() -> [String] {
    let shown = audiences.map(TOMLText.string).joined(separator: ", ")
    var lines = ["[issuer.\(name)]", "url = \(TOMLText.string(url))"]
    if let preset {
      lines.insert("preset = \"\(preset.rawValue)\"", at: 1)
      if IssuerName.isTemplate(url) {
        lines.append("tenants = []   # FILL IN the ids of the tenants you accept")
      }
    }
    if !algorithms.isEmpty, !isSetByPreset {
      lines.append("algorithms = [\(algorithms.map(TOMLText.string).joined(separator: ", "))]")
    }
    lines.append("")
    if policy != "default" { lines.append("# Requests must name this policy.") }
    lines += ["[policy.\(policy)]", "issuers = [\"\(name)\"]"]
    if let preset { lines.append("# \(preset.advice).") }
    if !audiences.isEmpty {
      lines.append("audiences = [\(shown)]")
    } else if preset?.hasAudiences == false {
      lines += ["audience_check = false", "clients = []   # FILL IN the ids of the clients whose tokens you accept"]
    } else {
      lines.append("audiences = []   # FILL IN what the tokens for this application have as aud")
    }
    if isForIDTokens { lines.append("token_type = \"id\"") }
    return lines
  }
}
