import BearerConfiguration
import BearerJOSE
import BearerJSON

/// What to write into the configuration to accept a token, and the exit status by all policies' replies.
struct TokenAdvice {
  /// What the daemon replies about the token under a policy.
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

  /// A configuration to start from if the token's issuer is not configured; otherwise empty, as the policies' own hints
  /// say what to do.
  func lines() -> [String] {
    guard !replies.contains(where: { ExitStatus(reply: $0.reply) == .holds }) else { return [] }
    guard let issuer = token.issuer, !isConfigured(issuer) else { return [] }
    var proposal = ConfigurationProposal(url: issuer)
    // Never `none` or HMAC, which are no algorithms here.
    proposal.algorithms = [token.header["alg"]?.stringValue].compactMap { $0 }.filter {
      !AlgorithmSet(named: $0).isEmpty
    }
    proposal.audiences = token.audiences
    proposal.preset = Preset.fitting(issuer)
    proposal.isForIDTokens = token.looksLikeIDToken
    // The lines get pasted, and a file must not have the same table twice.
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
      // If they differ by a slash only, the check's own hint says so.
      if url.hasSameBytes(as: issuer) || url.differsBySlash(from: issuer) { return true }
      let parts = url.split(separator: IssuerName.placeholder, omittingEmptySubsequences: false)
      return parts.count == 2 && issuer.hasPrefix(parts[0]) && issuer.hasSuffix(parts[1])
    } ?? false
  }
}
