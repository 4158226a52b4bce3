/// What one judgement of claims needs besides the claims.
struct ClaimQuestion {
  let policy: EffectivePolicy
  let now: NumericDate
  let evidence: Evidence
}

extension ClaimSet {
  /// The most elements of a list, or words of a scope claim, in which demanded values are looked for.
  package static let maximumElements = 512

  /// Makes all checks that need only claims, in the order of ``Check/inOrder``.
  ///
  /// - Parameters:
  ///   - policy: What must hold.
  ///   - now: The time to judge at.
  ///   - evidence: What the claims rest on.
  ///   - trace: Receives the result of every check, also after the first failure; if `nil`, the first failure ends the
  ///     judgement.
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

  /// Makes one check; all but `.shapes` rely on right shapes.
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
