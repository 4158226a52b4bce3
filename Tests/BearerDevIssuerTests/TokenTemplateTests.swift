import BearerDevIssuer
import BearerJSON
import Testing

@Suite struct TokenTemplateTests {
  let issuer = "https://issuer.test"

  @Test("an access token has the shape of RFC 9068, with the issuer as its audience")
  func accessToken() {
    let template = TokenTemplate(.access, issuer: issuer)
    let claims = template.payload(now: 1_000_000)
    #expect(claims["iss"] == .string(issuer))
    #expect(claims["aud"] == .array([.string(issuer)]))
    #expect(claims["sub"] == "dev-user")
    #expect(claims["client_id"] == "dev-client")
    #expect(claims["scope"] == "openid offline_access")
    #expect(claims["iat"] == 1_000_000)
    #expect(claims["exp"] == 1_001_800)
    #expect(claims["auth_time"] == 1_000_000)
    #expect(claims["amr"] == ["pwd"])
    #expect(claims["jti"]?.stringValue?.utf8.count == 22)
    #expect(claims["sid"] == nil)
    let header = template.header(algorithm: .rs256, kid: "k1")
    #expect(JSONValue.object(header).serialized() == Array(#"{"alg":"RS256","kid":"k1","typ":"at+jwt"}"#.utf8))
  }

  @Test("an ID token is for its client and lives five minutes")
  func idToken() {
    var template = TokenTemplate(.id, issuer: issuer)
    template.clientID = "web"
    template.nonce = "n1"
    template.authenticationAge = 600
    let claims = template.payload(now: 1_000_000)
    #expect(claims["aud"] == "web")
    #expect(claims["exp"] == 1_000_300)
    #expect(claims["auth_time"] == 999_400)
    #expect(claims["nonce"] == "n1")
    #expect(claims["sid"] != nil)
    #expect(claims["client_id"] == nil)
    #expect(claims["scope"] == nil)
    #expect(template.header(algorithm: .es256, kid: "k1")["typ"] == "JWT")
  }

  @Test("without a nonce there is no nonce member")
  func noNonce() {
    #expect(TokenTemplate(.id, issuer: issuer).payload(now: 0)["nonce"] == nil)
  }

  @Test("several audiences of an ID token become a list")
  func severalAudiences() {
    var template = TokenTemplate(.id, issuer: issuer)
    template.audiences = ["a", "b"]
    #expect(template.payload(now: 0)["aud"] == ["a", "b"])
  }

  @Test("an expired token had its whole lifetime and ran out ten minutes ago")
  func expiredToken() {
    var template = TokenTemplate(.access, issuer: issuer)
    template.isExpired = true
    template.lifetime = 60
    let claims = template.payload(now: 1_000_000)
    #expect(claims["iat"] == 999_340)
    #expect(claims["exp"] == 999_400)
    #expect(claims["auth_time"] == 999_340)
  }

  @Test("claims are replaced and added, then left out")
  func changedClaims() {
    var template = TokenTemplate(.access, issuer: issuer)
    template.claims = ["sub": 7, "roles": ["admin"], "gone": true]
    template.omittedClaims = ["jti", "gone", "never-there"]
    let claims = template.payload(now: 0)
    #expect(claims["sub"] == 7)
    #expect(claims["roles"] == ["admin"])
    #expect(claims["jti"] == nil)
    #expect(claims["gone"] == nil)
  }

  @Test("a claim can be null, which is not the same as left out")
  func nullClaim() {
    var template = TokenTemplate(.access, issuer: issuer)
    template.claims["sub"] = JSONValue.null
    #expect(template.payload(now: 0)["sub"] == JSONValue.null)
  }

  @Test("header parameters are replaced and added, then left out")
  func changedHeader() {
    var template = TokenTemplate(.access, issuer: issuer)
    template.headerMembers = ["alg": "none", "crit": ["exp"]]
    template.omittedHeaderMembers = ["kid"]
    let header = template.header(algorithm: .rs256, kid: "k1")
    #expect(JSONValue.object(header).serialized() == Array(#"{"alg":"none","typ":"at+jwt","crit":["exp"]}"#.utf8))
  }

  @Test("absurd lifetimes make absurd tokens and no crash")
  func absurdTimes() {
    var template = TokenTemplate(.access, issuer: issuer)
    template.lifetime = .max
    template.authenticationAge = .min
    template.isExpired = true
    #expect(template.payload(now: .max)["exp"] != nil)
  }
}
