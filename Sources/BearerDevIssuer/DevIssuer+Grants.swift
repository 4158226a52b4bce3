import BearerClaims
import BearerJOSE
package import BearerJSON

/// What the issuer says of tokens to who asks.
extension DevIssuer {
  /// Gives out an opaque token that stands for what a template's JWT would say.
  ///
  /// - Parameters:
  ///   - template: What the token says.
  ///   - now: The time of issue, in seconds since 1970.
  /// - Returns: The token.
  /// - Throws: ``DevIssuerError`` if it cannot be remembered.
  package func give(_ template: TokenTemplate, now: Int64 = WallClock.now()) throws(DevIssuerError) -> String {
    // Base64url may begin with "-", and then a command line takes the token for an option. So it begins with a name, as
    // many providers' do, which also tells whoever finds one where it belongs.
    let token = "dev_" + RandomIdentifier.make(byteCount: 32)
    try keyStore.keep(template.payload(now: now), of: StoredTokenName(token))
    return token
  }

  /// What a token says, if it is this issuer's, in its time, and not revoked.
  ///
  /// - Parameters:
  ///   - token: An opaque token, or a JWT.
  ///   - now: The present time, in seconds since 1970.
  /// - Returns: The claims; `nil` for a token that is not active.
  /// - Throws: ``DevIssuerError`` if keys or grants cannot be read.
  package func claims(of token: String, now: Int64 = WallClock.now()) throws(DevIssuerError) -> JSONObject? {
    let name = StoredTokenName(token)
    let isJWT = token.utf8.count { $0 == UInt8(ascii: ".") } == 2
    if isJWT, try keyStore.isRevoked(name) { return nil }
    guard let claims = isJWT ? try claims(ofJWT: token, now: now) : try keyStore.claims(ofOpaque: name) else {
      return nil
    }
    if let expiry = claims["exp"]?.integerValue, expiry <= now { return nil }
    return claims
  }

  /// What is answered about a token (RFC 7662 section 2.2).
  ///
  /// - Parameter token: The token.
  /// - Returns: The answer.
  /// - Throws: ``DevIssuerError`` if keys or grants cannot be read.
  package func introspect(_ token: String) throws(DevIssuerError) -> JSONValue {
    guard let claims = try claims(of: token) else { return ["active": false] }
    var answer: JSONObject = ["active": true, "token_type": "Bearer"]
    for member in claims.members { answer[member.name] = member.value }
    return .object(answer)
  }

  private func claims(ofJWT token: String, now: Int64) throws(DevIssuerError) -> JSONObject? {
    // A set that has no usable key has signed nothing.
    guard let keys = try? KeySet(parsing: keySet().serialized(), algorithms: Set(Algorithm.allCases)) else {
      return nil
    }
    let policy = EffectivePolicy(
      Policy(name: "", issuers: ["self"], audiences: []) { policy in
        policy.checksAudience = false
        policy.tokenType = .any
        policy.leeway = .zero
        policy.refusesSenderConstrained = false
      }, issuers: ["self"])
    let input = VerificationInput(
      issuers: IssuerTable([Issuer(name: "self", url: url, algorithms: Set(Algorithm.allCases))]), policy: policy,
      now: NumericDate(seconds: now))
    var verifier = Verifier()
    let bytes = Array(token.utf8)
    guard case .accepted(let verified) = verifier.verify(bytes.span, input, keys: { _ in keys }) else { return nil }
    var payload: [UInt8] = []
    verified.claims.append(to: &payload)
    // The claims were just read from JSON, so that they can be read again.
    return (try? JSONValue(parsing: payload))?.objectValue
  }
}
