import BearerJSON
import Testing

@testable import BearerClaims

/// What an issuer calls by its own names.
@Suite struct IssuerProfileTests {
  private let rest = #""iss":"i","sub":"s","aud":"api","iat":1000,"exp":2000"#
  private let good = #""iss":"i","sub":"s","aud":"api","iat":1000,"exp":2000,"client_id":"c","jti":"j""#

  private func claims(_ members: String) throws -> ClaimSet {
    var claims = ClaimSet()
    claims.bytes = Array("{\(members)}".utf8)
    try claims.parse()
    return claims
  }

  /// What is wrong: the code, and the claim.
  private func judge(
    _ members: String, roles: [String] = [], _ profile: (inout IssuerProfile) -> Void = { _ in },
    policy change: (inout Policy) -> Void = { _ in }
  ) throws -> String? {
    var constraints = RequestConstraints()
    constraints.roles = roles.map { Array($0.utf8) }
    let policy = try #require(
      EffectivePolicy(
        EffectivePolicy(Policy(name: "p", issuers: ["i"], audiences: ["api"], change), issuers: ["i"]),
        adding: constraints))
    var issuer = IssuerProfile()
    profile(&issuer)
    var trace: Trace?
    let rejection = try claims(members).judge(
      under: policy, at: NumericDate(seconds: 1500),
      evidence: Evidence(.signature, profile: PreparedProfile(issuer)), trace: &trace)
    return rejection.map { rejection in
      let code =
        switch rejection.code {
        case .token(let code): code.rawValue
        case .policy(let code): code.rawValue
        }
      return "\(code) \(rejection.claim ?? "")"
    }
  }

  @Test("an issuer that writes as the RFCs do has no profile to look at")
  func none() {
    #expect(PreparedProfile(IssuerProfile()) == nil)
  }

  // MARK: Client and id

  @Test(
    "the first of the issuer's claims for the client and the token's id that is there counts, and null is not there",
    arguments: [
      (#""cid":"c","uti":"j""#, nil), (#""azp":"c","jti":"j""#, nil), (#""azp":null,"cid":"c","uti":"j""#, nil),
      (#""azp":"c","cid":1,"uti":"j""#, nil), (#""azp":"x","cid":"c","uti":"j""#, "wrong_client azp"),
      (#""cid":"x","uti":"j""#, "wrong_client cid"), (#""client_id":"c","uti":"j""#, "missing_claim client_id"),
      (#""cid":"c""#, "missing_claim jti"), (#""cid":1,"uti":"j""#, "malformed_claims cid"),
      (#""cid":"c","uti":7"#, "malformed_claims uti"), (#""cid":"c\u0000","uti":"j""#, "malformed_claims cid"),
      (#""cid":"c","uti":null"#, "missing_claim jti"),
    ])
  func names(_ members: String, _ verdict: String?) throws {
    #expect(
      try judge(rest + "," + members) {
        $0.clientClaims = ["azp", "cid"]
        $0.tokenIDClaims = ["jti", "uti"]
      } policy: {
        $0.clients = ["c"]
      } == verdict)
  }

  @Test("without the issuer's word only client_id and jti are what an access token must have")
  func unchanged() throws {
    #expect(try judge(rest + #","azp":"c","jti":"j""#) == "missing_claim client_id")
    #expect(try judge(rest + #","client_id":"c","uti":"j""#) == "missing_claim jti")
    #expect(try judge(good) { $0.rolesClaim = ClaimPath("roles") } == nil)
  }

  // MARK: Scopes

  @Test(
    "two claims for scopes must say the same where the issuer names them",
    arguments: [
      (#""scope":"a b","scp":["b","a"]"#, nil), (#""scope":"a""#, nil), (#""scp":["a"],"scope":null"#, nil),
      (#""scope":"a","scp":["a","b"]"#, "malformed_claims scp"), (#""scope":"a b","scp":"a""#, "malformed_claims scp"),
      (#""scp":["a"],"scope":"""#, "malformed_claims scp"), (#""scp":"b""#, "insufficient_scope scope"),
    ])
  func scopes(_ members: String, _ verdict: String?) throws {
    let profile = { (profile: inout IssuerProfile) in profile.scopeClaims = ["scope", "scp"] }
    #expect(try judge(good + "," + members, profile) { $0.scopes = ["a"] } == verdict)
    // Nobody else decides that, and a policy that names the claims itself is the only one to be heard.
    if verdict?.hasPrefix("malformed") == true, members.contains("\"a") {
      #expect(try judge(good + "," + members, policy: { $0.scopes = ["a"] }) == nil)
      #expect(
        try judge(good + "," + members, profile) {
          $0.scopes = ["a"]
          $0.scopeClaims = ["scope", "scp"]
        } == nil)
    }
  }

  @Test("the policy's claims for scopes count before the issuer's, and those before the usual ones")
  func precedence() throws {
    let members = good + #","scope":"a","permissions":["b"],"rights":"c""#
    let profile = { (profile: inout IssuerProfile) in profile.scopeClaims = ["permissions"] }
    for (own, scope) in [(nil, "b"), (["rights"], "c")] as [([String]?, String)] {
      for wanted in ["a", "b", "c"] {
        let verdict = try judge(members, profile) {
          $0.scopeClaims = own
          $0.scopes = [wanted]
        }
        #expect((verdict == nil) == (wanted == scope))
      }
    }
  }

  // MARK: Roles

  @Test(
    "all roles of policy and request must be among those at the issuer's path",
    arguments: [
      ("roles", #""roles":["a","b"]"#, nil), ("roles", #""roles":"a""#, "insufficient_scope roles"),
      ("realm_access.roles", #""realm_access":{"roles":["b","a","c"]}"#, nil),
      ("realm_access.roles", #""realm_access.roles":["a","b"]"#, "insufficient_scope realm_access.roles"),
      ("realm_access.roles", #""realm_access":["a","b"]"#, "insufficient_scope realm_access.roles"),
      ("https://a.b/roles", #""https://a.b/roles":["a","b"]"#, nil),
      ("cognito:groups", #""cognito:groups":["a b"]"#, "insufficient_scope cognito:groups"),
      ("urn:z", #""urn:z":{"a":{"1":"x"},"b":{}}"#, nil), ("urn:z", #""urn:z":[{"a":{"1":"x"}},{"b":{}}]"#, nil),
      ("urn:z", #""urn:z":{"a":{"b":{}}}"#, "insufficient_scope urn:z"),
      ("roles", #""roles":["A","b"]"#, "insufficient_scope roles"), ("roles", "\"x\":1", "insufficient_scope roles"),
      ("roles", #""roles":null"#, "insufficient_scope roles"), ("roles", #""roles":[]"#, "insufficient_scope roles"),
      ("roles", #""roles":7"#, "malformed_claims roles"), ("roles", #""roles":["a","b",7]"#, "malformed_claims roles"),
    ])
  func roles(_ path: String, _ members: String, _ verdict: String?) throws {
    let profile = { (profile: inout IssuerProfile) in profile.rolesClaim = ClaimPath(path) }
    for (ofPolicy, ofRequest) in [(["a", "b"], []), ([], ["a", "b"]), (["b"], ["a"])] as [([String], [String])] {
      #expect(try judge(good + "," + members, roles: ofRequest, profile) { $0.roles = ofPolicy } == verdict)
    }
    // What nobody asks for may have any shape.
    #expect(try judge(good + "," + members, profile) == nil)
  }

  @Test("without a path no role is granted, whatever the token has")
  func nowhere() throws {
    #expect(try judge(good + #","roles":["a"]"#, roles: ["a"]) == "insufficient_scope roles")
  }

  @Test("as many roles are looked through as elements of a list, and no more")
  func fewRoles() throws {
    for (count, verdict) in [(512, nil), (513, "malformed_claims roles")] as [(Int, String?)] {
      let object = (0..<count).map { "\"r\($0)\":{}" }.joined(separator: ",")
      #expect(
        try judge(good + ",\"roles\":{\(object)}", roles: ["r0"]) { $0.rolesClaim = ClaimPath("roles") } == verdict)
    }
  }

  @Test("a path is read from a text and written as one, and as a list where no text says it")
  func paths() {
    #expect(ClaimPath("a.b").names == ["a", "b"])
    #expect(ClaimPath("https://a.b/c").names == ["https://a.b/c"])
    #expect(ClaimPath(["a", "b"]).text == "a.b")
    #expect(ClaimPath(["a.b", "c"]).text == nil)
    #expect(ClaimPath(["a", "b:c"]).text == nil)
  }
}
