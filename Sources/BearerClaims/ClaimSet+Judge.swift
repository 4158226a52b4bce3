/// What claims are judged by.
struct ClaimQuestion {
  let policy: EffectivePolicy
  let now: NumericDate
  let evidence: Evidence
}

extension ClaimSet {
  /// How many elements a list may have in which demanded values are looked for, or words a scope claim.
  package static let maximumElements = 512

  /// Makes all checks that need only claims, in the order of ``Check/inOrder``.
  ///
  /// - Parameters:
  ///   - policy: What must hold.
  ///   - now: The time to judge at.
  ///   - evidence: What the claims rest on.
  ///   - trace: Where every check is told, those after the first failure included; without one, the first failure is
  ///     the end.
  /// - Returns: Why the claims are refused; `nil` if every check passes.
  package func judge(
    under policy: EffectivePolicy, at now: NumericDate, evidence: Evidence, trace: inout Trace?
  ) -> Rejection? {
    let question = ClaimQuestion(policy: policy, now: now, evidence: evidence)
    var first: Rejection?
    for check in Check.ofClaims {
      if trace?.skipsUnmade(check) == true { continue }
      do throws(Rejection) {
        try make(check, question)
        trace?.passed(check, comparison(check, question), isDemanded: isDemanded(check, question))
      } catch {
        if trace == nil { return error }
        first = first ?? error
        trace?.failed(check, comparison(check, question), hint: hint(error, question))
      }
    }
    return first
  }

  /// Makes one check; the shapes must have been right before any other.
  private func make(_ check: Check, _ question: ClaimQuestion) throws(Rejection) {
    switch check {
    case .shapes: try checkShapes(question)
    case .requiredClaims: try checkRequiredClaims(question)
    case .expiry: try checkExpiry(question)
    case .notBefore: try checkNotBefore(question)
    case .issuedAt: try checkIssuedAt(question)
    case .audience: try checkAudience(question)
    case .client: try checkClient(question)
    case .claims: try checkClaimValues(question)
    case .nonce: try checkNonce(question)
    case .confirmation: try checkConfirmation(question)
    case .stepUp: try checkStepUp(question)
    case .scope: try checkScope(question)
    case .roles: try checkRoles(question)
    case .form, .header, .type, .payload, .issuer, .algorithm, .key, .signature: break
    }
  }
}
