import BearerJSON

/// The claims that each kind of token must have and must not have.
extension ClaimSet {
  func checkRequiredClaims(_ question: ClaimQuestion) throws(Rejection) {
    try refuseOtherKinds(than: question.policy.tokenType)
    switch question.evidence.source {
    case .signature: try requireClaims(of: question.policy.tokenType, question.evidence)
    // RFC 7662 section 2.2 requires only `active`. The audience has a check of its own.
    case .introspection: try refuseOtherUses()
    }
    for name in question.policy.requiredClaims {
      guard let value = tape.value(of: name, bytes.span), tape[value].kind != .null else {
        throw Rejection(
          .missingClaim, "The token lacks a claim that the policy requires.",
          claim: String(decoding: name, as: UTF8.self))
      }
    }
  }

  /// Requires the claims that this kind of token must carry.
  private func requireClaims(of kind: TokenType, _ evidence: Evidence) throws(Rejection) {
    try requirePresent(registered.expiry.isPresent, "exp")
    switch kind {
    case .access:
      // RFC 9068 section 2.2.
      try requirePresent(registered.subject != nil, "sub")
      try requirePresent(registered.issuedAt.isPresent, "iat")
      if evidence.isAccessTokenByRule { return }
      let profile = evidence.profile
      try requirePresent(registered.audience != nil, "aud")
      try requirePresent(firstClaim(of: profile?.clientClaims, or: registered.clientID) != nil, "client_id")
      try requirePresent(firstClaim(of: profile?.tokenIDClaims, or: registered.tokenID) != nil, "jti")
    case .id:
      // OpenID Connect Core 1.0 section 2.
      try requirePresent(registered.subject != nil, "sub")
      try requirePresent(registered.audience != nil, "aud")
      try requirePresent(registered.issuedAt.isPresent, "iat")
    case .any: break
    }
  }

  /// Refuses a token whose claims show another kind, whatever its `typ` says.
  ///
  /// A logout token has `events` (OpenID Connect Back-Channel Logout 1.0 section 2.4). Its `typ` is often `JWT` or
  /// absent, so that only this claim tells it from an ID token: without the check a logout would pass as a login.
  /// Only an ID token has `at_hash`, `c_hash` (OpenID Connect Core 1.0 sections 3.1.3.6 and 3.3.2.11) or `nonce`
  /// (section 2); one of the code flow often has `nonce` alone.
  func refuseOtherKinds(than kind: TokenType) throws(Rejection) {
    try refuse(registered.events, "events")
    if kind == .any {
      try refuse(registered.accessTokenHash, "at_hash")
      try refuse(registered.codeHash, "c_hash")
      try refuse(registered.nonce, "nonce")
    }
  }

  /// Refuses a token that a back-end calls active although it is not an access token.
  ///
  /// Okta, Hydra, Glewlwyd and others call refresh and ID tokens active, too. `typ` is a claim of Keycloak's.
  private func refuseOtherUses() throws(Rejection) {
    for name in ["token_use", "token_type", "typ"] as [StaticString] {
      guard let value = tape.value(of: name, bytes.span), let use = tape.text(value, bytes.span)?.lowercased() else {
        continue
      }
      switch use {
      case "refresh", "refresh_token", "offline", "id", "id_token", "logout", "logout+jwt":
        throw Rejection(.wrongType, "The token is a refresh, ID or logout token.", claim: "\(name)")
      default: continue
      }
    }
  }

  private func requirePresent(_ isPresent: Bool, _ name: StaticString) throws(Rejection) {
    if !isPresent {
      throw Rejection(.missingClaim, "The token lacks a claim that its kind must have.", claim: "\(name)")
    }
  }

  private func refuse(_ claim: Int?, _ name: StaticString) throws(Rejection) {
    if claim != nil {
      throw Rejection(.wrongType, "The token is a logout token or an ID token.", claim: "\(name)")
    }
  }
}
