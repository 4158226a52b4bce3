import BearerJSON

/// The checks of audience and client.
extension ClaimSet {
  func checkAudience(_ question: ClaimQuestion) throws(Rejection) {
    let policy = question.policy
    if registered.audience == nil, let assumed = question.evidence.assumedAudiences {
      let accepted = [policy.policy.checksAudience ? policy.audiences : nil, policy.requestAudiences].compactMap(\.self)
      if !accepted.allSatisfy({ $0.contains(where: assumed.contains) }) {
        throw Rejection(.wrongAudience, "The audience that is assumed of the issuer's tokens is another.", claim: "aud")
      }
      return
    }
    if policy.policy.checksAudience {
      let accepted = policy.audiences
      // OpenID Connect Core 1.0 section 3.1.3.7, point 3: an ID token must not have any other audience besides.
      let isGood =
        policy.tokenType == .id ? audienceIsWithin(accepted) : audienceNames(oneOf: accepted)
      if !isGood { throw wrongAudience() }
    }
    if let accepted = policy.requestAudiences, !audienceNames(oneOf: accepted) { throw wrongAudience() }
  }

  private func wrongAudience() -> Rejection {
    registered.audience == nil
      ? Rejection(.wrongAudience, "The token has no aud.", claim: "aud")
      : Rejection(.wrongAudience, "The token is for another audience.", claim: "aud")
  }

  private func audienceNames(oneOf accepted: [[UInt8]]) -> Bool {
    guard let audience = registered.audience else { return false }
    return anyString(of: audience) { index in
      accepted.contains { tape.string(index, equals: $0, bytes.span) }
    }
  }

  private func audienceIsWithin(_ accepted: [[UInt8]]) -> Bool {
    guard let audience = registered.audience, audienceNames(oneOf: accepted) else { return false }
    return !anyString(of: audience) { index in
      !accepted.contains { tape.string(index, equals: $0, bytes.span) }
    }
  }

  func anyString(of index: Int, _ holds: (Int) -> Bool) -> Bool {
    guard tape[index].kind == .array else { return holds(index) }
    var at = index + 1
    while at < Int(tape[index].next) {
      if holds(at) { return true }
      at = Int(tape[at].next)
    }
    return false
  }

  func checkClient(_ question: ClaimQuestion) throws(Rejection) {
    let policy = question.policy
    // OpenID Connect Core 1.0 section 3.1.3.7, points 4 and 5.
    if policy.tokenType == .id, policy.policy.checksAudience, let party = registered.authorizedParty,
      !policy.audiences.contains(where: { tape.string(party, equals: $0, bytes.span) })
    {
      throw Rejection(.wrongClient, "The ID token was issued to another client.", claim: "azp")
    }
    if policy.clients.isEmpty { return }
    guard let client = client(question.evidence.profile) else {
      throw Rejection(.wrongClient, "The token names no client.", claim: "client_id")
    }
    guard policy.clients.contains(where: { tape.string(client, equals: $0, bytes.span) }) else {
      throw Rejection(.wrongClient, "The token was issued to another client.", claim: tape.text(client - 1, bytes.span))
    }
  }
}
