import BearerClaims
import BearerDevIssuer
import BearerJSON
import BearerTestKit
import Testing

@testable import BearerDaemon
@testable import BearerKeys

@Suite struct IntrospectionTests {
  private func introspection(
    of token: String, policy: Policy = AnswersFixture.policy(), profile: IssuerProfile = IssuerProfile()
  ) throws -> JSONValue? {
    let fixture = AnswersFixture(policies: [policy], profile: profile)
    try fixture.restore("k1")
    let reply = try fixture.verify(token, op: "introspect")
    #expect(reply.verdict == "ok")
    #expect(reply["claims"] == nil && reply["policy"] == nil)
    return reply["introspection"]
  }

  private func token(_ payload: String) throws -> String {
    try CachedKeys.key(named: "k1").sign(
      header: Array(#"{"typ":"JWT","alg":"ES256","kid":"k1"}"#.utf8), payload: Array(payload.utf8))
  }

  private let any = AnswersFixture.policy { $0.tokenType = .any }

  @Test("only the members that RFC 7662 and RFC 9470 name are copied, in one order")
  func members() throws {
    let token = try token(
      """
      {"acr":"a","auth_time":1,"jti":"j","nbf":2,"iat":3,"exp":2500000000,"client_id":"c","scope":"x y","aud":["api","b"],\
      "sub":"s","iss":"https://idp.example","email":"e@example.org","username":"root","cnf":{"jkt":"t"}}
      """)
    let found = try introspection(
      of: token,
      policy: AnswersFixture.policy {
        $0.tokenType = .any
        $0.refusesSenderConstrained = false
      })
    let expected = try JSONValue(
      parsing: Array(
        """
        {"active":true,"iss":"https://idp.example","sub":"s","aud":["api","b"],"scope":"x y","client_id":"c",\
        "exp":2500000000,"iat":3,"nbf":2,"jti":"j","auth_time":1,"acr":"a","cnf":{"jkt":"t"},"token_type":"Bearer"}
        """.utf8))
    #expect(found == expected)
  }

  @Test("a claim named active or token_type cannot speak for the daemon")
  func impostors() throws {
    let token = try token(
      #"{"iss":"https://idp.example","aud":"api","exp":2500000000,"active":false,"token_type":"DPoP"}"#)
    let found = try introspection(of: token, policy: any)
    #expect(
      found == [
        "active": true, "iss": "https://idp.example", "aud": "api", "exp": 2_500_000_000, "token_type": "Bearer",
      ])
    let members = try #require(found?.objectValue).members.map(\.name)
    #expect(Set(members).count == members.count)
  }

  @Test("scopes of all scope claims are one list, each once; azp stands in for client_id; null counts as absent")
  func alternatives() throws {
    let token = try token(
      #"{"iss":"https://idp.example","aud":"api","exp":2500000000,"scope":"a b","scp":["b","c"],"client_id":null,"azp":"z","sub":null}"#
    )
    let found = try introspection(of: token, policy: any)
    #expect(found?["scope"] == "a b c")
    #expect(found?["client_id"] == "z")
    #expect(found?["sub"] == nil)
  }

  @Test("auth_time and acr of a wrong shape, which nobody asked for, are not told")
  func wrongShapes() throws {
    let token = try token(
      #"{"iss":"https://idp.example","aud":"api","exp":2500000000,"auth_time":"1000","acr":1}"#)
    let found = try introspection(of: token, policy: any)
    #expect(found?["active"] == true && found?["auth_time"] == nil && found?["acr"] == nil)
  }

  @Test("what the issuer calls by its own names is told by the RFC's")
  func names() throws {
    let token = try token(
      #"{"iss":"https://idp.example","aud":"api","exp":2500000000,"jti":"x","uti":"u","scp":["b","c"],"scope":"z","cid":"c"}"#
    )
    var profile = IssuerProfile()
    profile.scopeClaims = ["scp"]
    profile.clientClaims = ["appid", "cid"]
    profile.tokenIDClaims = ["uti", "jti"]
    let found = try introspection(of: token, policy: any, profile: profile)
    #expect(found?["scope"] == "b c" && found?["client_id"] == "c" && found?["jti"] == "u")
    #expect(found?["cid"] == nil && found?["uti"] == nil)
  }

  @Test("a missing role is 403, and its challenge names no scope that would bring it")
  func roles() throws {
    var profile = IssuerProfile()
    profile.rolesClaim = ClaimPath("groups")
    let fixture = AnswersFixture(
      policies: [
        AnswersFixture.policy {
          $0.tokenType = .any
          $0.scopes = ["a"]
        }
      ], profile: profile)
    try fixture.restore("k1")
    let token = try token(
      #"{"iss":"https://idp.example","aud":"api","exp":2500000000,"scope":"a","groups":["x","y"]}"#)
    #expect(try fixture.verify(token, op: "verify", #","roles":["x","y"]"#).verdict == "ok")
    let refused = try fixture.verify(token, op: "verify", #","roles":"z""#)
    #expect(refused.verdict == "insufficient_scope" && refused["error"]?["claim"] == "groups")
    #expect(refused["error"]?["status"] == 403)
    #expect(
      refused["error"]?["www_authenticate"]
        == #"Bearer error="insufficient_scope", error_description="The token does not grant every role that is needed.""#
    )
    #expect(try fixture.verify(token, op: "verify", #","roles":[]"#).verdict == "invalid_request")
  }

  @Test("a refused token is inactive; what cannot be decided or was asked wrongly is neither")
  func inactive() throws {
    let fixture = AnswersFixture(RefreshSettings(keyWait: .zero))
    try fixture.restore("k1")
    let good = try AnswersFixture.token()
    let inactive: JSONValue = ["active": false]
    for (token, rest, code, introspection) in [
      (try AnswersFixture.token { $0.isExpired = true }, "", "expired", inactive),
      (good, #","scope":"admin""#, "insufficient_scope", inactive),
      (good, #","acr_values":"x""#, "insufficient_user_authentication", inactive),
      ("x", "", "opaque_token", inactive),
      (try AnswersFixture.token(kid: "k9"), "", "keys_unavailable", nil),
      (good, #","policy":"x""#, "unknown_policy", nil),
      (good, #","max_age":null"#, "invalid_request", nil),
    ] as [(String, String, String, JSONValue?)] {
      let reply = try fixture.verify(token, op: "introspect", rest)
      #expect(reply.verdict == code)
      #expect(reply["introspection"] == introspection, "\(code)")
    }
    let missing = try fixture.reply(#"{"op":"introspect","authorization":""}"#)
    #expect(missing.verdict == "missing_token" && missing["introspection"] == inactive)
  }
}
