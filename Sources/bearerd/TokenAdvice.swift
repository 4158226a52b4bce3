import BearerConfiguration
import BearerJOSE
import BearerJSON

/// What to write into the configuration so that a token could be taken, and how the policies stand to it.
struct TokenAdvice {
  /// What a policy makes of the token.
  struct PolicyReply {
    let policy: String
    let reply: JSONObject
  }

  let token: UnverifiedToken
  /// The `iss` of each configured issuer; `nil` if that is not known.
  let issuers: [String]?
  /// The short names of the configured issuers.
  var issuerNames: Set<String> = []
  let replies: [PolicyReply]

  /// 0 if a policy takes the token; else the first undecided one's status, else that of a refusal.
  var exitStatus: ExitStatus {
    let all = replies.map { ExitStatus(reply: $0.reply) }
    return all.first { $0 == .holds } ?? all.first { $0 != .refused } ?? .refused
  }

  /// What nobody but the issuer can mend, or a configuration to start from; empty if the policies' own hints say it all.
  func lines() -> [String] {
    guard !replies.contains(where: { ExitStatus(reply: $0.reply) == .holds }) else { return [] }
    guard let issuer = token.issuer, !isConfigured(issuer) else { return [] }
    var proposal = ConfigurationProposal(url: issuer)
    // Never what no issuer may use: `none` and HMAC are no entries of this list.
    proposal.algorithms = [token.header["alg"]?.stringValue].compactMap { $0 }.filter {
      !AlgorithmSet(named: $0).isEmpty
    }
    proposal.audiences = token.audiences
    proposal.preset = Preset.fitting(issuer)
    proposal.isForIDTokens = token.looksLikeIDToken
    // The lines are there to be pasted: a table must not stand in a file twice.
    proposal.takenIssuers = issuerNames
    proposal.takenPolicies = Set(replies.map(\.policy))
    return [
      "No issuer of the configuration has this name. If you trust it, and only then,",
      "these lines would have such tokens taken. Compare them with what your provider",
      "told you: anybody can write a token.",
      "",
    ] + proposal.lines().map { $0.isEmpty ? "" : "  " + $0 }
  }

  private func isConfigured(_ issuer: String) -> Bool {
    issuers?.contains { url in
      // The check's own hint is what there is to do about a slash.
      if url.hasSameBytes(as: issuer) || url.differsBySlash(from: issuer) { return true }
      let parts = url.split(separator: IssuerName.placeholder, omittingEmptySubsequences: false)
      return parts.count == 2 && issuer.hasPrefix(parts[0]) && issuer.hasSuffix(parts[1])
    } ?? false
  }
}
