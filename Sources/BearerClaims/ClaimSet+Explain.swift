import BearerJSON

/// The texts of `explain` about the checks of claims.
extension ClaimSet {
  /// Whether the policy or the request asks for a check at all.
  func isDemanded(_ check: Check, _ question: ClaimQuestion) -> Bool {
    let policy = question.policy
    switch check {
    case .audience: return policy.policy.checksAudience || policy.requestAudiences != nil
    case .client: return !policy.clients.isEmpty || policy.tokenType == .id
    case .claims: return !policy.claims.isEmpty
    case .nonce: return policy.nonce != nil
    case .confirmation: return policy.policy.refusesSenderConstrained
    case .stepUp: return policy.maximumAge != nil || !policy.acrValues.isEmpty
    case .scope: return !policy.policyScopes.isEmpty || !policy.requestScopes.isEmpty
    case .roles: return question.demandsRoles
    default: return true
    }
  }

  func comparison(_ check: Check, _ question: ClaimQuestion) -> TraceStep.Comparison {
    let policy = question.policy.policy
    let now = question.now.seconds
    let leeway = policy.leeway.components.seconds
    switch check {
    case .expiry: return ("after \(now - leeway)", time(registered.expiry, question))
    case .notBefore: return ("not after \(now + leeway)", time(registered.notBefore, question))
    case .issuedAt: return ("not after \(now + leeway)", time(registered.issuedAt, question))
    case .audience:
      let wanted = policy.checksAudience ? policy.audiences : []
      let also = question.policy.requestAudiences?.map { String(decoding: $0, as: UTF8.self) } ?? []
      let expected = [wanted, also].filter { !$0.isEmpty }.map { $0.joined(separator: " or ") }
      let assumed = question.evidence.assumedAudiences.map { names in
        "assumed: " + names.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
      }
      return (expected.joined(separator: ", and "), registered.audience.map(source) ?? assumed ?? "none")
    case .client: return (policy.clients.isEmpty ? nil : policy.clients.joined(separator: " or "), nil)
    case .confirmation: return ("no cnf", nil)
    case .stepUp:
      var expected: [String] = []
      if let age = question.policy.maximumAge {
        expected.append("auth_time not before \(now.subtractingSaturated(age + leeway))")
      }
      let classes = question.policy.acceptedACRValues
      if !classes.isEmpty { expected.append("acr \(classes.joined(separator: " or "))") }
      return (
        expected.joined(separator: ", "),
        question.policy.maximumAge == nil ? nil : time(registered.authenticationTime, question)
      )
    case .scope: return (question.policy.scopes.joined(separator: " "), nil)
    case .roles:
      let roles = question.policy.policyRoles + question.policy.requestRoles
      return (roles.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", "), nil)
    default: return (nil, nil)
    }
  }

  /// What to do about a missing claim.
  private func missingClaimHint(_ claim: String, _ question: ClaimQuestion) -> String {
    let policy = question.policy
    if policy.requiredClaims.contains(where: { String(decoding: $0, as: UTF8.self).hasSameBytes(as: claim) }) {
      return "Have the issuer write \(claim), which the policy's required_claims name."
    }
    let profile = question.evidence.profile
    func otherNames(_ key: String, _ names: [[UInt8]]?) -> String {
      let names = names?.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
      return names.map { "It is looked for in what the issuer's \(key) names: \($0)." }
        ?? "If the issuer writes it under another name, say so in its \(key)."
    }
    let least = "token_type = \"any\" does without it."
    switch claim {
    case "exp": return "Every token must say when it ends. Only the issuer can mend that."
    case "client_id": return "\(otherNames("client_claims", profile?.clientClaims)) \(least)"
    case "jti": return "\(otherNames("jti_claims", profile?.tokenIDClaims)) \(least)"
    case "aud":
      return policy.tokenType == .id
        ? "Every ID token must say whom it is for. Only the issuer can mend that."
        : "Have the issuer say whom its tokens are for; audience_check = false does without it, with token_type = \"any\"."
    default:
      return policy.tokenType == .id
        ? "Every ID token must have \(claim). Only the issuer can mend that."
        : "Have the issuer write \(claim); \(least)"
    }
  }

  private func source(_ index: Int) -> String {
    var line: [UInt8] = []
    tape.appendSource(index, bytes.span, to: &line)
    return Trace.shortened(String(decoding: line, as: UTF8.self))
  }

  private func time(_ time: ClaimedTime, _ question: ClaimQuestion) -> String {
    switch time {
    case .absent: return "none"
    case .unreadable: return "no date"
    case .at(let date):
      let difference = date.seconds - question.now.seconds
      let relation = difference < 0 ? "\(-difference) s ago" : "in \(difference) s"
      return "\(date.seconds) (\(relation))"
    }
  }

  /// What to change so that the check passes.
  func hint(_ rejection: Rejection, _ question: ClaimQuestion) -> String {
    switch rejection.code {
    case .policy(.insufficientUserAuthentication):
      return "Send www_authenticate to the client: the user must authenticate again."
    case .policy(.insufficientScope) where (rejection.claim ?? "scope") != "scope":
      return question.evidence.profile?.rolesClaim == nil
        ? "Nothing says where the issuer's roles are: set roles_claim for it."
        : "Have the role granted at the issuer; roles are looked for in \(rejection.claim ?? "the claim for roles")."
    case .policy(.insufficientScope):
      if let claim = misspeltScopeClaim(in: question.scopeClaims) {
        return
          "The claim \(claim) has what looks like several scopes in one. Scopes are words between spaces, or elements of one word each; the issuer must write them so."
      }
      return "The client must ask for the scope, and the user or issuer grant it."
    case .token(.missingClaim): return missingClaimHint(rejection.claim ?? "", question)
    case .token(.malformedClaims):
      return "The claim \(rejection.claim ?? "") is what to look at; only the issuer can write it otherwise."
    case .token(.expired):
      return "The client must get a new token. If the clocks differ, mend that; leeway is at most 5m."
    case .token(.notYetValid), .token(.issuedInFuture): return "Compare the clocks of this host and of the issuer."
    case .token(.wrongAudience) where question.evidence.source == .introspection && registered.audience == nil:
      return
        "The back-end does not tell aud. Have it do so, or set audience_check = false in the policy; whom the tokens of a userinfo endpoint or resolver are for may be stated in its introspection table, as assume_audience."
    case .token(.wrongAudience) where registered.audience == nil:
      return "Have the issuer say whom its tokens are for; only audience_check = false in the policy does without it."
    case .token(.wrongAudience) where question.policy.requestAudiences != nil:
      return
        "Have the client ask for a token for all that is expected; what the request adds counts besides the policy's audiences."
    case .token(.wrongAudience):
      return "Have the client ask for a token for this audience, or add the audience found to the policy's audiences."
    case .token(.wrongClient) where question.policy.tokenType == .id && rejection.claim == "azp":
      return "Add the azp to the policy's audiences, if the ID tokens of that client may come here."
    case .token(.wrongClient) where client(question.evidence.profile) == nil:
      return
        "Nothing that the issuer's client_claims name is in the token: have the issuer write it, or leave clients out of the policy."
    case .token(.wrongClient): return "Add the client to the policy's clients, if it may come here."
    case .token(.claimMismatch): return "See the policy's claims for \(rejection.claim ?? "the claim")."
    case .token(.wrongNonce): return "The token answers another authentication request."
    case .token(.proofRequired): return "Set sender_constraint = \"ignore\" only if something else checks the proof."
    case .token: return rejection.detail.text.description
    }
  }
}

extension Int64 {
  /// The difference, or `Int64.min` if it would be less.
  fileprivate func subtractingSaturated(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? .min : difference
  }
}
