import BearerJSON

/// The types of registered claims (RFC 7519 section 4.1, RFC 9068 section 2.2, OpenID Connect Core 1.0 section 2, RFC 7800
/// section 3.1), and of those that a policy names.
///
/// Only these checks handle wrong types. The others run only on claims whose shapes are right, even where the signature
/// is not verified.
extension ClaimSet {
  func checkShapes(_ question: ClaimQuestion) throws(Rejection) {
    try requireString(registered.subject, "sub")
    try requireString(registered.tokenID, "jti")
    try requireString(registered.clientID, "client_id")
    try requireString(registered.authorizedParty, "azp")
    try requireString(registered.nonce, "nonce")
    try requireDate(registered.expiry, "exp")
    try requireDate(registered.notBefore, "nbf")
    try requireDate(registered.issuedAt, "iat")
    // Only step-up needs these. Some providers write a time as a string, which must not matter to other requests.
    if !question.policy.acrValues.isEmpty { try requireString(registered.authenticationContext, "acr") }
    if question.policy.maximumAge != nil { try requireDate(registered.authenticationTime, "auth_time") }
    if let audience = registered.audience {
      try requireFew(audience, "aud")
      try requireStrings(audience, "aud")
    }
    try checkNames(question.evidence.profile)
    for name in question.scopeClaims {
      guard let value = tape.value(of: name, bytes.span), tape[value].kind != .null else { continue }
      try requireFew(value, String(decoding: name, as: UTF8.self))
      guard isStringOrStrings(value) else {
        throw Rejection(
          .malformedClaims, "A claim for scopes is neither a string nor a list of strings.",
          claim: String(decoding: name, as: UTF8.self))
      }
    }
    try requireEqualScopes(question)
    try checkShapeOfRoles(question)
    for claim in question.policy.claims {
      guard let value = tape.value(of: claim.name, bytes.span) else { continue }
      try requireFew(value, String(decoding: claim.name, as: UTF8.self))
    }
    if let confirmation = registered.confirmation, tape[confirmation].kind != .object {
      throw Rejection(.malformedClaims, "cnf is not an object.", claim: "cnf")
    }
  }

  func requireString(_ claim: Int?, _ name: @autoclosure () -> String) throws(Rejection) {
    guard let index = claim else { return }
    guard tape[index].kind == .string else {
      throw Rejection(.malformedClaims, "A claim that must be a string is not.", claim: name())
    }
    if tape.containsNUL(index, bytes.span) {
      throw Rejection(.malformedClaims, "A registered claim holds the character NUL.", claim: name())
    }
  }

  private func requireDate(_ time: ClaimedTime, _ name: StaticString) throws(Rejection) {
    if case .unreadable = time {
      throw Rejection(
        .malformedClaims, "A time is not a number of seconds between the years 1970 and 9999.", claim: "\(name)")
    }
  }

  private func requireStrings(_ index: Int, _ name: String) throws(Rejection) {
    guard tape[index].kind == .array else { return try requireString(index, name) }
    var at = index + 1
    while at < Int(tape[index].next) {
      try requireString(at, name)
      at = Int(tape[at].next)
    }
  }

  /// Refuses a list, or a string of words, that is too long to look for every demanded value in it.
  ///
  /// The claims may be unverified, and the work would delay other requests.
  private func requireFew(_ index: Int, _ name: @autoclosure () -> String) throws(Rejection) {
    let node = tape[index]
    switch node.kind {
    case .array where Int(node.next) - index - 1 > Self.maximumElements:
      var count = 0
      var at = index + 1
      while at < Int(node.next) {
        count += 1
        at = Int(tape[at].next)
      }
      if count <= Self.maximumElements { return }
    case .string where node.length > 2 * Self.maximumElements:
      var spaces = 0
      for byte in tape.unescaped(index, bytes.span) where byte == 0x20 { spaces += 1 }
      if spaces < Self.maximumElements { return }
    default: return
    }
    throw Rejection(.malformedClaims, "A claim has more elements than can be looked through.", claim: name())
  }

  private func isStringOrStrings(_ index: Int) -> Bool {
    guard tape[index].kind == .array else { return tape[index].kind == .string }
    var at = index + 1
    while at < Int(tape[index].next) {
      if tape[at].kind != .string { return false }
      at = Int(tape[at].next)
    }
    return true
  }
}
