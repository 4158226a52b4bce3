import BearerClaims
import BearerJSON

/// The members of an introspection response (RFC 7662 section 2.2), made from claims that were judged.
///
/// Only what that section and RFC 9470 section 6.2 name is copied: a token's claim named `active` or `token_type` must
/// not speak for the daemon.
enum IntrospectionReply {
  /// Appends the response for a good token.
  ///
  /// Where the issuer has another name for a member, the RFCs' name is used.
  static func append(
    _ claims: ClaimSet, under policy: EffectivePolicy, _ profile: PreparedProfile?, to line: inout [UInt8]
  ) {
    line.append(json: #"{"active":true"#)
    append("iss", of: claims, to: &line)
    append("sub", of: claims, to: &line)
    append("aud", of: claims, to: &line)
    let scopes = claims.scopes(under: policy, profile)
    if !scopes.isEmpty {
      line.append(json: #","scope":"#)
      line.append(jsonString: String(decoding: Array(scopes.joined(separator: [0x20])), as: UTF8.self))
    }
    append(claims.client(profile), as: "client_id", of: claims, to: &line)
    append("exp", of: claims, to: &line)
    append("iat", of: claims, to: &line)
    append("nbf", of: claims, to: &line)
    append(claims.tokenID(profile), as: "jti", of: claims, to: &line)
    append(claims.authenticationTime, as: "auth_time", of: claims, to: &line)
    append(claims.authenticationContext, as: "acr", of: claims, to: &line)
    append("cnf", of: claims, to: &line)
    line.append(json: #","token_type":"Bearer"}"#)
  }

  private static func append(_ name: StaticString, of claims: ClaimSet, to line: inout [UInt8]) {
    append(claims.value(of: name), as: name, of: claims, to: &line)
  }

  private static func append(
    _ value: Int?, as name: StaticString, of claims: ClaimSet, to line: inout [UInt8]
  ) {
    guard let value else { return }
    line.append(json: ",\"")
    line.append(json: name)
    line.append(json: "\":")
    claims.append(value, to: &line)
  }
}
