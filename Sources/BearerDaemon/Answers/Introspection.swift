import BearerClaims
import BearerJSON

/// The members of an introspection response (RFC 7662 section 2.2), made from claims that were judged.
///
/// Only what that section and RFC 9470 section 6.2 name is copied: a token's claim named `active` or `token_type` must
/// not speak for the daemon.
enum Introspection {
  /// Appends the response for a good token.
  static func append(_ claims: ClaimSet, scopeClaims: [[UInt8]], to line: inout [UInt8]) {
    line.append(json: #"{"active":true"#)
    append("iss", of: claims, to: &line)
    append("sub", of: claims, to: &line)
    append("aud", of: claims, to: &line)
    let scopes = claims.scopes(in: scopeClaims).distinct
    if !scopes.isEmpty {
      line.append(json: #","scope":"#)
      line.append(jsonString: String(decoding: Array(scopes.joined(separator: [0x20])), as: UTF8.self))
    }
    if !append("client_id", of: claims, to: &line) { append("azp", as: "client_id", of: claims, to: &line) }
    append("exp", of: claims, to: &line)
    append("iat", of: claims, to: &line)
    append("nbf", of: claims, to: &line)
    append("jti", of: claims, to: &line)
    append("auth_time", of: claims, to: &line)
    append("acr", of: claims, to: &line)
    append("cnf", of: claims, to: &line)
    line.append(json: #","token_type":"Bearer"}"#)
  }

  @discardableResult
  private static func append(
    _ claim: StaticString, as name: StaticString? = nil, of claims: ClaimSet, to line: inout [UInt8]
  ) -> Bool {
    let start = line.count
    line.append(json: ",\"")
    line.append(json: name ?? claim)
    line.append(json: "\":")
    if claims.appendClaim(claim, to: &line) { return true }
    line.removeLast(line.count - start)
    return false
  }
}
