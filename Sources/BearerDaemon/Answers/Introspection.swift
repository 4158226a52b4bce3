import BearerJOSE
import BearerJSON

/// The members of an introspection response (RFC 7662 section 2.2), made from a token that was verified.
///
/// Only what that section and RFC 9470 section 6.2 name is copied: a token's claim named `active` or `token_type` must
/// not speak for the daemon.
enum Introspection {
  /// Appends the response for a good token.
  static func append(_ token: VerifiedToken, scopeClaims: [String], to line: inout [UInt8]) {
    line.append(json: #"{"active":true"#)
    append("iss", of: token, to: &line)
    append("sub", of: token, to: &line)
    append("aud", of: token, to: &line)
    var scopes: [String] = []
    for claim in scopeClaims {
      for scope in token.words(of: claim) where !scopes.contains(scope) { scopes.append(scope) }
    }
    if !scopes.isEmpty {
      line.append(json: #","scope":"#)
      line.append(jsonString: scopes.joined(separator: " "))
    }
    if !append("client_id", of: token, to: &line) { append("azp", as: "client_id", of: token, to: &line) }
    append("exp", of: token, to: &line)
    append("iat", of: token, to: &line)
    append("nbf", of: token, to: &line)
    append("jti", of: token, to: &line)
    append("auth_time", of: token, to: &line)
    append("acr", of: token, to: &line)
    append("cnf", of: token, to: &line)
    line.append(json: #","token_type":"Bearer"}"#)
  }

  @discardableResult
  private static func append(
    _ claim: StaticString, as name: StaticString? = nil, of token: VerifiedToken, to line: inout [UInt8]
  ) -> Bool {
    let start = line.count
    line.append(json: ",\"")
    line.append(json: name ?? claim)
    line.append(json: "\":")
    if token.appendClaim(claim, to: &line) { return true }
    line.removeLast(line.count - start)
    return false
  }
}
