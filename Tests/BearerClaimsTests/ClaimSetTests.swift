import BearerJSON
import Testing

@testable import BearerClaims

@Suite struct ClaimSetTests {
  private static let good =
    #""iss":"i","sub":"s","aud":"api","client_id":"c","jti":"j","iat":1000,"exp":2000,"scope":"read write""#

  /// Judges an object whose members are these.
  private func judge(
    _ members: String, as source: Evidence.Source = .signature, adding constraints: RequestConstraints? = nil,
    trace: inout Trace?, _ change: (inout Policy) -> Void = { _ in }
  ) throws -> Rejection? {
    var claims = ClaimSet()
    claims.bytes = Array("{\(members)}".utf8)
    try claims.parse()
    var policy = EffectivePolicy(Policy(name: "p", issuers: ["i"], audiences: ["api"], change), issuers: ["i"])
    if let constraints { policy = try #require(EffectivePolicy(policy, adding: constraints)) }
    return claims.judge(under: policy, at: NumericDate(seconds: 1500), evidence: Evidence(source), trace: &trace)
  }

  private func judge(
    _ members: String, as source: Evidence.Source = .signature, adding constraints: RequestConstraints? = nil,
    _ change: (inout Policy) -> Void = { _ in }
  ) throws -> Rejection? {
    var trace: Trace?
    return try judge(members, as: source, adding: constraints, trace: &trace, change)
  }

  private func list(_ count: Int, _ element: String) -> String {
    "[" + Array(repeating: element, count: count).joined(separator: ",") + "]"
  }

  // MARK: One pass

  @Test("the first failure in the order of checks is the answer, with a trace or without")
  func order() throws {
    let members = #""iss":"i","sub":"s","aud":"x","client_id":"c","jti":"j","iat":9000,"exp":100,"cnf":{}"#
    #expect(try judge(members)?.code == .token(.expired))
    var trace: Trace? = Trace()
    #expect(try judge(members, trace: &trace)?.code == .token(.expired))
    let failed = trace?.steps.filter { $0.result == .fail }.map(\.check)
    #expect(failed == [.expiry, .issuedAt, .audience, .confirmation])
    #expect(trace?.steps.map(\.check) == Check.ofClaims)
  }

  @Test("after wrong shapes nothing is said of the other checks")
  func shapes() throws {
    var trace: Trace? = Trace()
    #expect(try judge(#""sub":1"#, trace: &trace)?.code == .token(.malformedClaims))
    #expect(trace?.steps.map(\.result) == [.fail] + Array(repeating: .skip, count: Check.ofClaims.count - 1))
  }

  @Test("the list of checks is split once")
  func split() {
    #expect(Check.ofSignature + Check.ofClaims == Check.inOrder)
    #expect(Check.inOrder == Check.allCases)
  }

  // MARK: Evidence

  @Test("a token must carry what its kind must have; a back-end need only tell whom it is for")
  func evidence() throws {
    for (kind, members, ofToken, ofAnswer) in [
      (.access, #""aud":"api""#, "exp", nil), (.access, #""sub":"s""#, "exp", "aud"),
      (.access, #""aud":"api","exp":2000"#, "sub", nil), (.id, #""aud":"api","exp":2000,"sub":"s""#, "iat", nil),
      (.id, "", "exp", "aud"),
    ] as [(TokenType, String, String, String?)] {
      #expect(try judge(members) { $0.tokenType = kind }?.claim == ofToken)
      #expect(try judge(members, as: .introspection) { $0.tokenType = kind }?.claim == ofAnswer)
    }
    #expect(try judge(#""sub":"s""#, as: .introspection) { $0.checksAudience = false } == nil)
    // What the policy asks for is asked of every kind of evidence, and what is there is checked.
    #expect(
      try judge(#""aud":"api""#, as: .introspection) { $0.requiredClaims = ["sid"] }?.code == .token(.missingClaim))
    #expect(try judge(#""aud":"api","exp":100"#, as: .introspection)?.code == .token(.expired))
    #expect(try judge(#""aud":"api","events":{}"#, as: .introspection)?.code == .token(.wrongType))
  }

  // MARK: Long lists

  @Test("a list in which values are looked for has at most 512 elements")
  func elements() throws {
    let rest = #""sub":"s","client_id":"c","jti":"j","iat":1000,"exp":2000"#
    for (name, change) in [
      ("aud", { _ in }), ("scope", { $0.checksAudience = false }), ("scp", { $0.checksAudience = false }),
      ("groups", { $0.claims = [ClaimRequirement(claim: "groups", anyOf: [.string("api")])] }),
    ] as [(String, (inout Policy) -> Void)] {
      let audience = name == "aud" ? "" : #","aud":"api""#
      #expect(try judge(rest + audience + #","\#(name)":\#(list(512, #""api""#))"#, change) == nil)
      let refused = try judge(rest + audience + #","\#(name)":\#(list(513, #""api""#))"#, change)
      #expect(refused?.code == .token(.malformedClaims) && refused?.claim == name)
    }
    // Elements count, not what is in them.
    #expect(
      try judge(Self.good + #","groups":[\#(list(600, "1"))]"#) {
        $0.claims = [ClaimRequirement(claim: "groups", anyOf: [.integer(1)])]
      }?.code == .token(.claimMismatch))
    // What nobody looks through may be as long as it likes.
    #expect(try judge(Self.good + #","groups":\#(list(600, "1"))"#) == nil)
  }

  @Test("a string of scopes has at most 512 words")
  func words() throws {
    let rest = #""sub":"s","aud":"api","client_id":"c","jti":"j","iat":1000,"exp":2000,"scope":""#
    let words = { Array(repeating: "ab", count: $0).joined(separator: " ") }
    #expect(try judge("\(rest)\(words(512))\"") == nil)
    #expect(try judge("\(rest)\(words(513))\"")?.code == .token(.malformedClaims))
    let escaped = Array(repeating: "a", count: 513).joined(separator: #"\u0020"#)
    #expect(try judge("\(rest)\(escaped)\"")?.code == .token(.malformedClaims))
    #expect(try judge("\(rest)\(String(repeating: "a", count: 9000))\"") == nil)
  }

  // MARK: Scopes

  @Test(
    "scopes are the words of a string, or the elements of a list that are one word",
    arguments: [
      (#""scope":"read write""#, ["read", "write"]), (#""scope":"  read  read ""#, ["read"]), (#""scope":"""#, []),
      (#""scp":["read","write"]"#, ["read", "write"]), (#""scp":["read write"]"#, []),
      (#""scp":["read"," "]"#, ["read"]),
      (#""scp":[" read","write ",""]"#, []), (#""scope":"read\u0020write""#, ["read", "write"]),
      (#""scp":["re\u0061d","a\u0020b"]"#, ["read"]), (#""scope":"read\twrite""#, ["read\twrite"]),
      (#""scope":"a","scp":["b","a"]"#, ["a", "b"]), (#""scope":null,"scp":"a""#, ["a"]),
    ])
  func scopes(_ members: String, _ granted: [String]) throws {
    var claims = ClaimSet()
    claims.bytes = Array("{\(members)}".utf8)
    try claims.parse()
    let found = claims.scopes(in: [Array("scope".utf8), Array("scp".utf8)])
    #expect(found.distinct.map { String(decoding: $0, as: UTF8.self) } == granted)
    for scope in ["read", "write", "a", "b", "read write", " read", ""] {
      #expect(found.contains(Array(scope.utf8)) == granted.contains(scope), "\(scope)")
    }
  }

  @Test("who sees that a scope is missing is told when the claim has several in one")
  func hints() throws {
    let rest = #""sub":"s","aud":"api","client_id":"c","jti":"j","iat":1000,"exp":2000"#
    for (scopes, isMisspelt) in [
      (#""scp":["read write"]"#, true), (#""scope":"read\twrite""#, true), (#""scope":"read,write""#, true),
      (#""scp":["write"]"#, false), (#""scope":"write""#, false),
    ] {
      var trace: Trace? = Trace()
      let refused = try judge("\(rest),\(scopes)", trace: &trace) { $0.scopes = ["read"] }
      #expect(refused?.code == .policy(.insufficientScope))
      let hint = trace?.steps.first { $0.check == .scope }?.hint ?? ""
      #expect(hint.contains("several scopes in one") == isMisspelt, "\(scopes)")
    }
  }

  @Test("who sees that a back-end does not tell aud is sent to no key that its table may not have")
  func untoldAudience() throws {
    var trace: Trace? = Trace()
    let refused = try judge(#""active":true,"sub":"s""#, as: .introspection, trace: &trace)
    #expect(refused?.code == .token(.wrongAudience))
    let hint = try #require(trace?.steps.first { $0.check == .audience }?.hint)
    #expect(hint.contains("set audience_check = false") && hint.contains("of a userinfo endpoint or resolver"))
  }

  @Test(
    "what to do about a claim is what helps",
    arguments: [
      (#""sub":"s","aud":"api","client_id":"c","jti":"j","iat":1000"#, "Every token must say when it ends"),
      (
        #""sub":"s","aud":"api","jti":"j","iat":1000,"exp":2000"#,
        "say so in its client_claims. token_type = \"any\" does"
      ),
      (
        #""sub":"s","aud":"api","client_id":"c","iat":1000,"exp":2000"#,
        "say so in its jti_claims. token_type = \"any\""
      ),
      (#""sub":"s","client_id":"c","jti":"j","iat":1000,"exp":2000"#, "audience_check = false does without it, with"),
      (#""aud":"api","client_id":"c","jti":"j","iat":1000,"exp":2000"#, "Have the issuer write sub; token_type"),
      (#""sub":7"#, "The claim sub is what to look at; only the issuer can write it otherwise."),
      (good, "Have the issuer write email, which the policy's required_claims name."),
    ])
  func claimHints(_ members: String, _ words: String) throws {
    var trace: Trace? = Trace()
    #expect(try judge(members, trace: &trace) { $0.requiredClaims = ["email"] } != nil)
    let hint = try #require(trace?.steps.first { $0.result == .fail }?.hint)
    #expect(hint.contains(words), "\(hint)")
  }

  @Test("who asks for an audience besides is not sent to the policy, and who misses a client not to a list")
  func partyHints() throws {
    func hint(
      _ members: String, adding constraints: RequestConstraints? = nil, _ change: (inout Policy) -> Void = { _ in }
    ) throws -> String {
      var trace: Trace? = Trace()
      _ = try judge(members, adding: constraints, trace: &trace, change)
      return try #require(trace?.steps.first { $0.result == .fail }?.hint)
    }
    var constraints = RequestConstraints()
    constraints.audiences = [Array("other".utf8)]
    #expect(try hint(Self.good, adding: constraints).contains("what the request adds counts besides"))
    #expect(try hint(Self.good.replacing("api", with: "x")).hasSuffix("to the policy's audiences."))
    let id = #""iss":"i","sub":"s","aud":"api","azp":"x","iat":1000,"exp":2000"#
    #expect(try hint(id) { $0.tokenType = .id }.hasPrefix("Add the azp to the policy's audiences"))
    let machine = #""iss":"i","sub":"s","iat":1000,"exp":2000"#
    #expect(try hint(machine) { $0.tokenType = .any }.hasPrefix("Have the issuer say whom its tokens are for"))
    #expect(
      try hint(machine) {
        ($0.tokenType, $0.clients, $0.checksAudience, $0.audiences) = (.any, ["c"], false, [])
      }.contains("leave clients out of the policy"))
  }

  // MARK: Constraints

  @Test("a request makes a policy stricter, never looser")
  func constraints() throws {
    var constraints = RequestConstraints()
    #expect(constraints.isEmpty)
    #expect(try judge(Self.good, adding: constraints) == nil)
    constraints.scopes = [Array("read".utf8)]
    #expect(!constraints.isEmpty)
    #expect(try judge(Self.good, adding: constraints) == nil)
    #expect(try judge(Self.good, adding: constraints) { $0.scopes = ["admin"] }?.code == .policy(.insufficientScope))
    constraints.audiences = [Array("other".utf8)]
    #expect(try judge(Self.good, adding: constraints)?.code == .token(.wrongAudience))
    var either = RequestConstraints()
    either.acrValues = [Array("gold".utf8)]
    let silver = EffectivePolicy(
      Policy(name: "p", issuers: ["i"], audiences: ["api"]) { $0.acrValues = ["silver"] }, issuers: ["i"])
    #expect(EffectivePolicy(silver, adding: either) == nil)
    either.acrValues = nil
    either.maximumAge = 60
    #expect(EffectivePolicy(silver, adding: either)?.maximumAge == 60)
  }

  @Test("an issuer is a policy's by the bytes of its name")
  func issuers() {
    let policy = EffectivePolicy(
      Policy(name: "p", issuers: ["caf\u{E9}"], audiences: ["a"]), issuers: ["cafe\u{301}", "caf\u{E9}"])
    #expect(!policy.accepts(issuer: 0) && policy.accepts(issuer: 1) && !policy.accepts(issuer: 2))
  }
}
