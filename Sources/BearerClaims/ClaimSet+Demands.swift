import BearerJSON

/// Checks of claim values, `nonce`, `cnf` and step-up, which the policy and the request demand.
extension ClaimSet {
  func checkClaimValues(_ question: ClaimQuestion) throws(Rejection) {
    for claim in question.policy.claims {
      guard let value = tape.value(of: claim.name, bytes.span),
        anyString(of: value, { index in claim.anyOf.contains { equals(index, $0) } })
      else {
        throw Rejection(
          .claimMismatch, "A claim does not have the value that the policy demands.",
          claim: String(decoding: claim.name, as: UTF8.self))
      }
    }
  }

  private func equals(_ index: Int, _ value: EffectivePolicy.ComparableValue) -> Bool {
    switch value {
    case .string(let text): tape.string(index, equals: text, bytes.span)
    case .integer(let number): tape.integer(index, bytes.span) == number
    case .boolean(let flag): tape[index].kind == (flag ? .true : .false)
    }
  }

  func checkNonce(_ question: ClaimQuestion) throws(Rejection) {
    guard let nonce = question.policy.nonce else { return }
    guard let claim = registered.nonce, tape.string(claim, equals: nonce, bytes.span) else {
      throw Rejection(.wrongNonce, "The token's nonce is not the request's.", claim: "nonce")
    }
  }

  func checkConfirmation(_ question: ClaimQuestion) throws(Rejection) {
    if registered.confirmation != nil, question.policy.policy.refusesSenderConstrained {
      throw Rejection(
        .proofRequired, "The token is bound to its sender (cnf), and no proof of possession can be checked here.",
        claim: "cnf")
    }
  }

  /// Checks how, and then how long ago, the user authenticated (RFC 9470 section 4).
  ///
  /// A missing claim is not good enough.
  func checkStepUp(_ question: ClaimQuestion) throws(Rejection) {
    let policy = question.policy
    if !policy.acrValues.isEmpty {
      guard let context = registered.authenticationContext,
        policy.acrValues.contains(where: { tape.string(context, equals: $0, bytes.span) })
      else {
        throw Rejection(
          .insufficientUserAuthentication, "The user did not authenticate in an accepted way.", claim: "acr",
          reason: .acr)
      }
    }
    guard let maximumAge = policy.maximumAge else { return }
    guard let authenticated = registered.authenticationTime.date else {
      throw Rejection(
        .insufficientUserAuthentication, "The token does not say when the user authenticated.", claim: "auth_time",
        reason: .absent)
    }
    if question.now < policy.beginning(authenticated) {
      throw Rejection(
        .insufficientUserAuthentication, "The user's authentication lies in the future.", claim: "auth_time",
        reason: .future)
    }
    if question.now >= policy.endOfAuthentication(authenticated, maximumAge) {
      throw Rejection(
        .insufficientUserAuthentication, "The user authenticated too long ago.", claim: "auth_time", reason: .tooOld)
    }
  }
}
