import BearerJSON

/// The checks of claims: each reads the payload that the verifier holds.
///
/// Only `checkShapes` knows about wrong types. The others run after it, or on a payload whose signature nobody has
/// checked and whose shapes are right all the same.
extension Verifier {
  // MARK: Shapes (RFC 7519 section 4.1, RFC 9068 section 2.2, OpenID Connect Core 1.0 section 2, RFC 7800 section 3.1)

  func checkShapes(_ question: Question) throws(Rejection) {
    try requireString(claims.subject, "sub")
    try requireString(claims.tokenID, "jti")
    try requireString(claims.clientID, "client_id")
    try requireString(claims.authorizedParty, "azp")
    try requireString(claims.nonce, "nonce")
    try requireString(claims.authenticationContext, "acr")
    try requireDate(claims.expiry, "exp")
    try requireDate(claims.notBefore, "nbf")
    try requireDate(claims.issuedAt, "iat")
    try requireDate(claims.authenticationTime, "auth_time")
    if let audience = claims.audience { try requireStrings(audience, "aud") }
    for name in question.demands.policy.scopeClaims {
      guard let value = payload.value(of: name, payloadBytes.span), payload[value].kind != .null else { continue }
      guard isStringOrStrings(value) else {
        throw Rejection(
          .malformedClaims, "A claim for scopes is neither a string nor a list of strings.",
          claim: String(decoding: name, as: UTF8.self))
      }
    }
    if let confirmation = claims.confirmation, payload[confirmation].kind != .object {
      throw Rejection(.malformedClaims, "cnf is not an object.", claim: "cnf")
    }
  }

  func requireString(_ claim: Int?, _ name: StaticString) throws(Rejection) {
    guard let index = claim else { return }
    guard payload[index].kind == .string else {
      throw Rejection(.malformedClaims, "A claim that must be a string is not.", claim: "\(name)")
    }
    if payload.containsNUL(index, payloadBytes.span) {
      throw Rejection(.malformedClaims, "A registered claim holds the character NUL.", claim: "\(name)")
    }
  }

  private func requireDate(_ time: ClaimedTime, _ name: StaticString) throws(Rejection) {
    if case .unreadable = time {
      throw Rejection(
        .malformedClaims, "A time is not a number of seconds between the years 1970 and 9999.", claim: "\(name)")
    }
  }

  private func requireStrings(_ index: Int, _ name: StaticString) throws(Rejection) {
    guard payload[index].kind == .array else { return try requireString(index, name) }
    var at = index + 1
    while at < Int(payload[index].next) {
      try requireString(at, name)
      at = Int(payload[at].next)
    }
  }

  private func isStringOrStrings(_ index: Int) -> Bool {
    guard payload[index].kind == .array else { return payload[index].kind == .string }
    var at = index + 1
    while at < Int(payload[index].next) {
      if payload[at].kind != .string { return false }
      at = Int(payload[at].next)
    }
    return true
  }

  // MARK: What each kind of token must have, and must not

  func checkRequiredClaims(_ question: Question) throws(Rejection) {
    let kind = question.demands.policy.policy.tokenType
    try refuseOtherKinds(than: kind)
    try requirePresent(claims.expiry.isPresent, "exp")
    switch kind {
    case .access:
      // RFC 9068 section 2.2.
      try requirePresent(claims.subject != nil, "sub")
      try requirePresent(claims.audience != nil, "aud")
      try requirePresent(claims.clientID != nil, "client_id")
      try requirePresent(claims.issuedAt.isPresent, "iat")
      try requirePresent(claims.tokenID != nil, "jti")
    case .id:
      // OpenID Connect Core 1.0 section 2.
      try requirePresent(claims.subject != nil, "sub")
      try requirePresent(claims.audience != nil, "aud")
      try requirePresent(claims.issuedAt.isPresent, "iat")
    case .any:
      break
    }
    for claim in question.demands.policy.requiredClaims {
      guard let value = payload.value(of: claim.bytes, payloadBytes.span), payload[value].kind != .null else {
        throw Rejection(.missingClaim, "The token lacks a claim that the policy requires.", claim: claim.name)
      }
    }
  }

  /// Refuses a token whose claims show another kind, whatever its `typ` says.
  ///
  /// A logout token has `events` (OpenID Connect Back-Channel Logout 1.0 section 2.4). Its `typ` is often `JWT` or
  /// absent, so that only this claim tells it from an ID token: without the check a logout would pass as a login.
  /// Only an ID token has `at_hash`, `c_hash` (OpenID Connect Core 1.0 sections 3.1.3.6 and 3.3.2.11) or `nonce`
  /// (section 2); one of the code flow often has `nonce` alone.
  private func refuseOtherKinds(than kind: TokenType) throws(Rejection) {
    try refuse(claims.events, "events")
    if kind == .any {
      try refuse(claims.accessTokenHash, "at_hash")
      try refuse(claims.codeHash, "c_hash")
      try refuse(claims.nonce, "nonce")
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

  // MARK: Times (RFC 7519 sections 4.1.4 to 4.1.6); the leeway always speaks for the token

  func checkExpiry(_ question: Question) throws(Rejection) {
    guard let expiry = claims.expiry.date else { return }
    if question.now >= expiry.adding(microseconds: question.demands.policy.leewayMicroseconds) {
      throw Rejection(.expired, "The token has expired.", claim: "exp")
    }
  }

  func checkNotBefore(_ question: Question) throws(Rejection) {
    guard let notBefore = claims.notBefore.date else { return }
    if notBefore > question.now.adding(microseconds: question.demands.policy.leewayMicroseconds) {
      throw Rejection(.notYetValid, "The token is not valid yet.", claim: "nbf")
    }
  }

  func checkIssuedAt(_ question: Question) throws(Rejection) {
    guard let issuedAt = claims.issuedAt.date else { return }
    if issuedAt > question.now.adding(microseconds: question.demands.policy.leewayMicroseconds) {
      throw Rejection(
        .issuedInFuture, "The token was issued in the future; is the clock of this host or of the issuer wrong?",
        claim: "iat")
    }
  }

  // MARK: Who it is for

  func checkAudience(_ question: Question) throws(Rejection) {
    let demands = question.demands
    if demands.policy.policy.checksAudience {
      let accepted = demands.policy.audiences
      // OpenID Connect Core 1.0 section 3.1.3.7, point 3: an ID token for anybody else besides is refused.
      let isGood =
        demands.policy.policy.tokenType == .id ? audienceIsWithin(accepted) : audienceNames(oneOf: accepted)
      if !isGood { throw wrongAudience() }
    }
    if let accepted = demands.requestAudiences, !audienceNames(oneOf: accepted) { throw wrongAudience() }
  }

  private func wrongAudience() -> Rejection {
    claims.audience == nil
      ? Rejection(.wrongAudience, "The token has no aud.", claim: "aud")
      : Rejection(.wrongAudience, "The token is for another audience.", claim: "aud")
  }

  private func audienceNames(oneOf accepted: [[UInt8]]) -> Bool {
    guard let audience = claims.audience else { return false }
    return anyString(of: audience) { index in
      accepted.contains { payload.string(index, equals: $0, payloadBytes.span) }
    }
  }

  private func audienceIsWithin(_ accepted: [[UInt8]]) -> Bool {
    guard let audience = claims.audience, audienceNames(oneOf: accepted) else { return false }
    return !anyString(of: audience) { index in
      !accepted.contains { payload.string(index, equals: $0, payloadBytes.span) }
    }
  }

  private func anyString(of index: Int, _ holds: (Int) -> Bool) -> Bool {
    guard payload[index].kind == .array else { return holds(index) }
    var at = index + 1
    while at < Int(payload[index].next) {
      if holds(at) { return true }
      at = Int(payload[at].next)
    }
    return false
  }

  func checkClient(_ question: Question) throws(Rejection) {
    let policy = question.demands.policy
    // OpenID Connect Core 1.0 section 3.1.3.7, points 4 and 5.
    if policy.policy.tokenType == .id, policy.policy.checksAudience, let party = claims.authorizedParty,
      !policy.audiences.contains(where: { payload.string(party, equals: $0, payloadBytes.span) })
    {
      throw Rejection(.wrongClient, "The ID token was issued to another client.", claim: "azp")
    }
    if policy.clients.isEmpty { return }
    guard let client = claims.clientID ?? claims.authorizedParty else {
      throw Rejection(.wrongClient, "The token names no client.", claim: "client_id")
    }
    guard policy.clients.contains(where: { payload.string(client, equals: $0, payloadBytes.span) }) else {
      throw Rejection(
        .wrongClient, "The token was issued to another client.", claim: claims.clientID == nil ? "azp" : "client_id")
    }
  }

  // MARK: What the policy and the request demand

  func checkClaimValues(_ question: Question) throws(Rejection) {
    for claim in question.demands.policy.claims {
      guard let value = payload.value(of: claim.bytes, payloadBytes.span),
        anyString(of: value, { index in claim.anyOf.contains { equals(index, $0) } })
      else {
        throw Rejection(.claimMismatch, "A claim does not have the value that the policy demands.", claim: claim.name)
      }
    }
  }

  private func equals(_ index: Int, _ value: CompiledPolicy.ComparableValue) -> Bool {
    switch value {
    case .string(let text): payload.string(index, equals: text, payloadBytes.span)
    case .integer(let number): payload.integer(index, payloadBytes.span) == number
    case .boolean(let flag): payload[index].kind == (flag ? .true : .false)
    }
  }

  func checkNonce(_ question: Question) throws(Rejection) {
    guard let nonce = question.demands.nonce else { return }
    guard let claim = claims.nonce, payload.string(claim, equals: nonce, payloadBytes.span) else {
      throw Rejection(.wrongNonce, "The token's nonce is not the request's.", claim: "nonce")
    }
  }

  func checkConfirmation(_ question: Question) throws(Rejection) {
    if claims.confirmation != nil, question.demands.policy.policy.refusesSenderConstrained {
      throw Rejection(
        .proofRequired, "The token is bound to its sender (cnf), and no proof of possession can be checked here.",
        claim: "cnf")
    }
  }

  /// RFC 9470 section 4: how, and then how long ago, the user authenticated.
  ///
  /// What is not known is not good enough.
  func checkStepUp(_ question: Question) throws(Rejection) {
    let demands = question.demands
    if !demands.acrValues.isEmpty {
      guard let context = claims.authenticationContext,
        demands.acrValues.contains(where: { payload.string(context, equals: $0, payloadBytes.span) })
      else {
        throw Rejection(
          .insufficientUserAuthentication, "The user did not authenticate in an accepted way.", claim: "acr",
          reason: .acr)
      }
    }
    guard let maximumAge = demands.maximumAge else { return }
    guard let authenticated = claims.authenticationTime.date else {
      throw Rejection(
        .insufficientUserAuthentication, "The token does not say when the user authenticated.", claim: "auth_time",
        reason: .absent)
    }
    let leeway = demands.policy.leewayMicroseconds
    if authenticated > question.now.adding(microseconds: leeway) {
      throw Rejection(
        .insufficientUserAuthentication, "The user's authentication lies in the future.", claim: "auth_time",
        reason: .future)
    }
    if question.now > authenticated.adding(.seconds(maximumAge)).adding(microseconds: leeway) {
      throw Rejection(
        .insufficientUserAuthentication, "The user authenticated too long ago.", claim: "auth_time", reason: .tooOld)
    }
  }

  func checkScope(_ question: Question) throws(Rejection) {
    let demands = question.demands
    for scope in demands.policy.scopes where !isGranted(scope, demands.policy.scopeClaims) { throw insufficientScope() }
    for scope in demands.requestScopes where !isGranted(scope, demands.policy.scopeClaims) { throw insufficientScope() }
  }

  private func insufficientScope() -> Rejection {
    Rejection(.insufficientScope, "The token does not grant every scope that is needed.", claim: "scope")
  }

  /// Whether one of the claims grants the scope: as a word of a string (RFC 8693 section 4.2), or as an element.
  private func isGranted(_ scope: [UInt8], _ scopeClaims: [[UInt8]]) -> Bool {
    scopeClaims.contains { name in
      guard let value = payload.value(of: name, payloadBytes.span) else { return false }
      if payload[value].kind == .string { return isWord(scope, ofString: value) }
      return anyString(of: value) { payload.string($0, equals: scope, payloadBytes.span) }
    }
  }

  private func isWord(_ word: [UInt8], ofString index: Int) -> Bool {
    if payload[index].hasEscapes {
      return Self.isWord(word, of: payload.unescaped(index, payloadBytes.span).span)
    }
    return Self.isWord(word, of: payloadBytes.span.extracting(Int(payload[index].start)..<Int(payload[index].end)))
  }

  private static func isWord(_ word: [UInt8], of text: Span<UInt8>) -> Bool {
    var start = 0
    while start < text.count {
      var stop = start
      while stop < text.count, text[stop] != 0x20 { stop += 1 }
      if stop - start == word.count, (0..<word.count).allSatisfy({ text[start + $0] == word[$0] }) { return true }
      start = stop + 1
    }
    return false
  }
}
