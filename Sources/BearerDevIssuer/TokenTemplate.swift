package import BearerJSON

/// What a token is to say, in terms of the issuer's usual tokens and the ways in which this one differs.
///
/// The two kinds have the shape of Authgear's: same issuer, same key, and only `typ` and `aud` tell them apart, which
/// is what makes them good to test a verifier with.
package struct TokenTemplate: Sendable {
  /// The kind of token.
  package enum TokenKind: String, CaseIterable, Sendable {
    /// A JWT access token (RFC 9068): `typ` is `at+jwt`, `aud` a list that names the API.
    case access
    /// An ID token (OpenID Connect Core section 2): `typ` is `JWT`, `aud` the client's id.
    case id

    /// How long such a token lives, in seconds, unless the template says otherwise.
    package var usualLifetime: Int64 {
      switch self {
      case .access: 1800
      case .id: 300
      }
    }
  }

  /// The subject that tokens have unless told otherwise.
  package static let usualSubject = "dev-user"
  /// The client that tokens are for unless told otherwise.
  package static let usualClientID = "dev-client"
  /// The scope of access tokens unless told otherwise.
  package static let usualScope = "openid offline_access"

  /// The kind of token.
  package var kind: TokenKind
  /// `iss`.
  package var issuer: String
  /// `aud`; empty means as Authgear does: the issuer for an access token, the client's id for an ID token.
  package var audiences: [String] = []
  /// `sub`.
  package var subject = usualSubject
  /// `client_id` of an access token; the usual `aud` of an ID token.
  package var clientID = usualClientID
  /// `scope` of an access token.
  package var scope = usualScope
  /// `exp` − `iat` in seconds; nil is the kind's usual lifetime.
  package var lifetime: Int64?
  /// Whether the token ran out ten minutes ago, which is more than any verifier's leeway should be.
  package var isExpired = false
  /// How many seconds before `iat` the user authenticated, for `auth_time`.
  package var authenticationAge: Int64 = 0
  /// `nonce` of an ID token.
  package var nonce: String?
  /// Claims added to the usual ones, or put in their place.
  package var claims: JSONObject = [:]
  /// Claims left out.
  package var omittedClaims: [String] = []
  /// Header parameters added to the usual ones, or put in their place.
  package var headerMembers: JSONObject = [:]
  /// Header parameters left out.
  package var omittedHeaderMembers: [String] = []

  /// A token of this kind and issuer with everything as usual.
  package init(_ kind: TokenKind, issuer: String) {
    self.kind = kind
    self.issuer = issuer
  }

  /// The JOSE header of a token signed with the key named.
  package func header(algorithm: SigningAlgorithm, kid: String) -> JSONObject {
    var header: JSONObject = [:]
    header["alg"] = .string(algorithm.rawValue)
    header["kid"] = .string(kid)
    header["typ"] = kind == .access ? "at+jwt" : "JWT"
    return header.changed(by: headerMembers, without: omittedHeaderMembers)
  }

  /// The claims of a token issued at `now`, in seconds since 1970.
  package func payload(now: Int64) -> JSONObject {
    let lifetime = lifetime ?? kind.usualLifetime
    // Wrapping arithmetic: nonsense times make a nonsense token, which is as good a test as any, and not a crash.
    let issuedAt = isExpired ? now &- lifetime &- 600 : now
    var claims: JSONObject = [:]
    claims["iss"] = .string(issuer)
    switch kind {
    case .access:
      claims["aud"] = .array((audiences.isEmpty ? [issuer] : audiences).map { .string($0) })
      claims["client_id"] = .string(clientID)
      claims["scope"] = .string(scope)
      claims["jti"] = .string(RandomIdentifier.make())
    case .id:
      claims["aud"] = audiences.count > 1 ? .array(audiences.map { .string($0) }) : .string(audiences.first ?? clientID)
      claims["sid"] = .string(RandomIdentifier.make())
      claims["nonce"] = nonce.map { .string($0) }
    }
    claims["sub"] = .string(subject)
    claims["iat"] = .number(JSONNumber(issuedAt))
    claims["exp"] = .number(JSONNumber(issuedAt &+ lifetime))
    claims["auth_time"] = .number(JSONNumber(issuedAt &- authenticationAge))
    claims["amr"] = ["pwd"]
    claims["https://authgear.com/claims/user/is_anonymous"] = false
    claims["https://authgear.com/claims/user/is_verified"] = true
    claims["https://authgear.com/claims/user/can_reauthenticate"] = true
    claims["https://authgear.com/claims/user/roles"] = []
    return claims.changed(by: self.claims, without: omittedClaims)
  }
}

extension JSONObject {
  /// The object with `changes` set and then the members named `omitted` removed.
  fileprivate func changed(by changes: JSONObject, without omitted: [String]) -> JSONObject {
    var object = self
    for member in changes.members { object[member.name] = member.value }
    for name in omitted { object[name] = nil }
    return object
  }
}
