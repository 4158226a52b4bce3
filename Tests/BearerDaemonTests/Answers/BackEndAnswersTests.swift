import BearerClaims
import BearerDevIssuer
import BearerIntrospection
import BearerJSON
import BearerTestKit
import Testing

@testable import BearerDaemon

/// Verdicts that rest on a back-end.
@Suite(.timeLimit(.minutes(10))) struct BackEndAnswersTests {
  private typealias Fixture = BackEndFixture
  private static let good = #"{"active":true,"sub":"u","aud":"api","scope":"a b","client_id":"c","exp":4000000000}"#

  @Test("an opaque token is asked about once, and then known; its members are the claims")
  func opaque() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      fixture.source.say(Self.good)
      for _ in 0..<3 {
        let reply = try await fixture.verify("abc")
        #expect(reply.verdict == "ok" && reply["issuer"] == "idp" && reply["source"] == "introspection")
        #expect(reply["claims"]?["sub"] == "u" && reply["header"] == [:] && reply["checked_at_s"] == 0)
      }
      #expect(fixture.source.calls == ["abc"])
      let introspection = try await fixture.verify("abc", op: "introspect")
      #expect(introspection["introspection"]?["active"] == true && introspection["introspection"]?["scope"] == "a b")
    }
  }

  @Test("a JWT that its issuer keeps to itself is refused, or asked about where opaque tokens are")
  func keptToItself() async throws {
    var profile = IssuerProfile()
    profile.opaqueRule = KindRule(["client_id"])
    let token = try AnswersFixture.token()
    for (policy, verdict) in [
      (AnswersFixture.policy(), "opaque_token"), (Fixture.policy { $0.issuers = ["idp"] }, "ok"),
    ] {
      let fixture = try Fixture(policies: [policy], profile: profile)
      try await fixture.run { () async throws in
        fixture.source.say(Self.good)
        let reply = try await fixture.verify(token)
        #expect(reply.verdict == verdict)
        #expect(fixture.source.calls == (verdict == "ok" ? [token] : []))
        #expect(reply["source"] == (verdict == "ok" ? "introspection" : nil))
      }
    }
  }

  @Test("a back-end's answer has the RFC's names, whatever the issuer's tokens have")
  func names() async throws {
    var profile = IssuerProfile()
    (profile.scopeClaims, profile.clientClaims, profile.tokenIDClaims) = (["scp"], ["cid"], ["uti"])
    profile.rolesClaim = ClaimPath("groups")
    let policy = Fixture.policy {
      ($0.scopes, $0.clients, $0.roles) = (["a"], ["c"], ["r"])
      $0.issuers = ["idp"]
    }
    let fixture = try Fixture(policies: [policy], profile: profile)
    try await fixture.run { () async throws in
      fixture.source.say(
        #"{"active":true,"sub":"u","aud":"api","client_id":"c","scope":"a b","scp":["a"],"jti":"j","groups":["r"]}"#)
      let reply = try await fixture.verify("abc", op: "introspect")
      #expect(reply.verdict == "ok")
      #expect(reply["introspection"]?["client_id"] == "c" && reply["introspection"]?["jti"] == "j")
    }
  }

  @Test("a no is inactive_token, an error is not")
  func no() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      #expect(try await fixture.verify("abc").verdict == "inactive_token")
      let introspection = try await fixture.verify("abc", op: "introspect")
      #expect(introspection["introspection"] == ["active": false])
      fixture.source.say(nil)
      let failed = try await fixture.verify("def")
      #expect(failed.verdict == "introspection_unavailable" && failed["error"]?["status"] == 503)
      fixture.source.say(#"{"active":"true"}"#)
      #expect(try await fixture.verify("ghi").verdict == "introspection_unavailable")
    }
  }

  @Test("without opaque = true nobody is asked")
  func notAccepted() async throws {
    let fixture = try Fixture(policies: [AnswersFixture.policy()])
    try await fixture.run { () async throws in
      #expect(try await fixture.verify("abc").verdict == "opaque_token")
      #expect(fixture.source.calls.isEmpty)
    }
  }

  @Test(
    "what is no bearer token, no opaque one, or too long is never sent",
    arguments: [
      (#"a b"#, "malformed_token"), (#"a\r\nX: y"#, "malformed_token"), (#"\u0000"#, "malformed_token"),
      ("a.b.c.d.e", "unsupported_token"), ("eyJhbGciOiJub25lIn0.e30.x", "wrong_type"), ("{}", "unsupported_token"),
      (String(repeating: "a", count: 16_385), "token_too_large"),
    ])
  func neverSent(token: String, code: String) async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      #expect(try await fixture.verify(token).verdict != "ok")
      #expect(fixture.source.calls.isEmpty)
      if code != "wrong_type" { #expect(try await fixture.verify(token).verdict == code) }
    }
  }

  @Test("two dots without a JOSE header are an opaque token, and one dot is")
  func form() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      fixture.source.say(Self.good)
      for token in ["a.b.c", "ory_at_x.y", "e30x.b.c"] { #expect(try await fixture.verify(token).verdict == "ok") }
      #expect(fixture.source.calls == ["a.b.c", "ory_at_x.y", "e30x.b.c"])
    }
  }

  @Test("an opaque token of an issuer that has no back-end is refused, and no other issuer is asked")
  func noBackEnd() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    fixture.reload([Fixture.policy { $0.issuers = ["idp", "other"] }], onlyFirst: true)
    try await fixture.run { () async throws in
      fixture.source.say(Self.good)
      #expect(try await fixture.verify("abc", #","issuer":"other""#).verdict == "opaque_token")
      #expect(fixture.source.calls.isEmpty && fixture.other.calls.isEmpty)
      #expect(try await fixture.verify("abc", #","issuer":"idp""#).verdict == "ok")
    }
  }

  // MARK: Which issuer

  @Test("of several issuers the request names the one to ask, and no other is asked")
  func issuers() async throws {
    let fixture = try Fixture(policies: [
      Fixture.policy { $0.issuers = ["idp", "other"] },
      Fixture.policy { $0.name = "one" },
    ])
    try await fixture.run { () async throws in
      fixture.source.say(Self.good)
      fixture.other.say(Self.good)
      let unnamed = try await fixture.verify("abc")
      #expect(unnamed.verdict == "invalid_request" && unnamed["error"]?["member"] == "issuer")
      #expect(try await fixture.verify("abc", #","issuer":"nobody""#).verdict == "unknown_issuer_name")
      #expect(try await fixture.verify("abc", #","issuer":"other","policy":"one""#).verdict == "invalid_request")
      #expect(fixture.source.calls.isEmpty && fixture.other.calls.isEmpty)
      #expect(try await fixture.verify("abc", #","issuer":"other""#)["issuer"] == "other")
      #expect(try await fixture.verify("abc", #","issuer":"https://other.example""#)["issuer"] == "other")
      #expect(fixture.source.calls.isEmpty && fixture.other.calls == ["abc"])
      #expect(try await fixture.verify("abc", #","issuer":"idp""#)["issuer"] == "idp")
      #expect(fixture.source.calls == ["abc"] && fixture.other.calls == ["abc"])
    }
  }

  @Test("a JWT of another issuer than the request names is refused")
  func jwtIssuer() async throws {
    let fixture = try Fixture(policies: [AnswersFixture.policy { $0.issuers = ["idp", "other"] }])
    try await fixture.run { () async throws in
      let token = try AnswersFixture.token()
      #expect(try await fixture.verify(token, #","issuer":"idp""#).verdict == "ok")
      #expect(try await fixture.verify(token, #","issuer":"other""#).verdict == "unknown_issuer")
    }
  }

  // MARK: What an answer says

  @Test(
    "what an answer says is judged, active or not",
    arguments: [
      (#"{"active":true,"aud":"api","exp":1}"#, "expired"),
      (#"{"active":true,"aud":"api","nbf":4000000000}"#, "not_yet_valid"),
      (#"{"active":true,"aud":"api","iat":4000000000}"#, "issued_in_future"), (#"{"active":true}"#, "wrong_audience"),
      (#"{"active":true,"aud":"api","iss":"https://other.example"}"#, "unknown_issuer"),
      (#"{"active":true,"aud":"api","iss":"https://idp.example"}"#, "ok"),
      (#"{"active":true,"aud":"api","token_use":"refresh_token"}"#, "wrong_type"),
      (#"{"active":true,"aud":"api","token_type":"id_token"}"#, "wrong_type"),
      (#"{"active":true,"aud":"api","typ":"Refresh"}"#, "wrong_type"),
      (#"{"active":true,"aud":"api","token_use":"access_token","token_type":"Bearer","typ":"at+jwt"}"#, "ok"),
      (#"{"active":true,"aud":"api","cnf":{"jkt":"x"}}"#, "proof_required"),
    ])
  func evidence(answer: String, code: String) async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      fixture.source.say(answer)
      #expect(try await fixture.verify("abc").verdict == code)
      #expect(try await fixture.verify("abc").verdict == code)
      #expect(fixture.source.calls.count == 1)
    }
  }

  @Test("without exp the answer's own time bounds what is told of the token")
  func noExpiry() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      fixture.source.say(#"{"active":true,"aud":"api"}"#)
      #expect(try await fixture.verify("abc")["expires_in"] == 30)
    }
  }

  @Test("a claim that the policy requires and the back-end leaves out is missing; client_id is no sub")
  func required() async throws {
    for claim in ["exp", "sub"] {
      let fixture = try Fixture(policies: [Fixture.policy { $0.requiredClaims = [claim] }])
      try await fixture.run { () async throws in
        fixture.source.say(#"{"active":true,"aud":"api","client_id":"c","username":"u"}"#)
        let reply = try await fixture.verify("abc")
        #expect(reply.verdict == "missing_claim" && reply["error"]?["claim"]?.stringValue == claim)
      }
    }
  }

  @Test("an assumed audience counts where the back-end tells none, for the policy and for the request")
  func assumed() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    fixture.reload([Fixture.policy()], assuming: ["api", "api2"])
    try await fixture.run { () async throws in
      fixture.source.say(#"{"active":true,"sub":"u"}"#)
      let reply = try await fixture.verify("abc", #","explain":true"#)
      #expect(reply.verdict == "ok" && reply["back_end"]?["assume_audience"] == ["api", "api2"])
      #expect(try await fixture.verify("abc", #","audience":"api2""#).verdict == "ok")
      #expect(try await fixture.verify("abc", #","audience":"x""#).verdict == "wrong_audience")
      fixture.source.say(#"{"active":true,"sub":"u","aud":"x"}"#)
      #expect(try await fixture.verify("def").verdict == "wrong_audience")
    }
  }

  // MARK: Rechecks

  @Test("a JWT is asked about after it was found good, and at most once in the interval")
  func recheck() async throws {
    let fixture = try Fixture(policies: [Fixture.recheck(.refuse)])
    try await fixture.run { () async throws in
      fixture.source.say(#"{"active":true}"#)
      let token = try AnswersFixture.token()
      for _ in 0..<3 {
        let reply = try await fixture.verify(token)
        #expect(reply.verdict == "ok" && reply["source"] == "introspection" && reply["header"]?["kid"] == "k1")
      }
      #expect(fixture.source.calls == [token])
    }
  }

  @Test("a forged or expired JWT, and one of an unknown key, cost no call", arguments: BackEndKind.allCases)
  func noCalls(kind: BackEndKind) async throws {
    let fixture = try Fixture(kind: kind, policies: [Fixture.recheck(.refuse) { $0.acceptsOpaque = true }])
    try await fixture.run { () async throws in
      let good = try AnswersFixture.token()
      let forged = good.dropLast(8) + "AAAAAAAA"
      #expect(try await fixture.verify(String(forged)).verdict == "bad_signature")
      #expect(try await fixture.verify(try AnswersFixture.token { $0.isExpired = true }).verdict == "expired")
      #expect(try await fixture.verify(try AnswersFixture.token { $0.audiences = ["x"] }).verdict == "wrong_audience")
      #expect(
        try await fixture.verify(try AnswersFixture.token { $0.issuer = "https://x.example" }).verdict
          == "unknown_issuer")
      #expect(try await fixture.verify(try AnswersFixture.token(.id)).verdict == "wrong_type")
      var reply: [UInt8] = []
      let wait = fixture.begin(try AnswersFixture.token(kid: "unknown"), into: &reply)
      #expect(wait != nil && fixture.source.calls.isEmpty)
      fixture.clock.advance(by: .seconds(20))
      #expect(try await wait?.reply().verdict == "keys_unavailable")
      #expect(fixture.source.calls.isEmpty)
    }
  }

  @Test("nothing is asked that nobody asks for: a question at Authgear is the user's activity")
  func idle() async throws {
    let fixture = try Fixture(policies: [Fixture.recheck(.refuse)])
    try await fixture.run { () async throws in
      fixture.source.say(#"{"active":true}"#)
      let token = try AnswersFixture.token()
      #expect(try await fixture.verify(token).verdict == "ok")
      fixture.clock.advance(by: .seconds(300))
      #expect(fixture.source.calls.count == 1)
      #expect(try await fixture.verify(token).verdict == "ok")
      #expect(fixture.source.calls.count == 2)
    }
  }

  @Test("while the back-end cannot tell, recheck_failure says what holds")
  func failure() async throws {
    for (failure, verdict) in [(RecheckFailure.refuse, "introspection_unavailable"), (.allow, "ok")] {
      let fixture = try Fixture(policies: [Fixture.recheck(failure)])
      try await fixture.run { () async throws in
        fixture.source.say(nil)
        let reply = try await fixture.verify(try AnswersFixture.token())
        #expect(reply.verdict == verdict)
        #expect(reply["unchecked"] == (failure == .allow ? true : nil) && reply["source"] == nil)
      }
    }
  }

  @Test("a revoked JWT stays revoked while the back-end is down")
  func revoked() async throws {
    let fixture = try Fixture(policies: [Fixture.recheck(.allow)])
    try await fixture.run { () async throws in
      let token = try AnswersFixture.token()
      #expect(try await fixture.verify(token).verdict == "inactive_token")
      fixture.source.say(nil)
      for _ in 0..<5 {
        fixture.clock.advance(by: .seconds(60))
        #expect(try await fixture.verify(token).verdict != "ok")
      }
    }
  }

  @Test(
    "tokens of machines are not asked about where the back-end knows only those of users",
    arguments: BackEndKind.allCases)
  func machines(kind: BackEndKind) async throws {
    let fixture = try Fixture(kind: kind, policies: [Fixture.recheck(.refuse)])
    try await fixture.run { () async throws in
      let machine = try AnswersFixture.token { $0.subject = "client_id_dev-client" }
      let reply = try await fixture.verify(machine)
      if kind == .rfc7662 {
        #expect(reply.verdict == "inactive_token" && fixture.source.calls == [machine])
        return
      }
      #expect(reply.verdict == "ok" && reply["source"] == nil)
      #expect(fixture.source.calls.isEmpty)
      #expect(try await fixture.verify(try AnswersFixture.token()).verdict == "inactive_token")
      #expect(fixture.source.calls.count == 1)
    }
  }

  @Test("that ten good tokens in a row are called inactive is a fault in status, until one is active")
  func allInactive() async throws {
    let fixture = try Fixture(policies: [Fixture.recheck(.allow)])
    try await fixture.run { () async throws in
      func code() async throws -> JSONValue? {
        try await fixture.status()["issuers"]?.arrayValue?.first?["introspection"]?["fault"]?["code"]
      }
      for number in 1...10 {
        #expect(try await code() == nil)
        let token = try AnswersFixture.token { $0.subject = "user \(number)" }
        #expect(try await fixture.verify(token).verdict == "inactive_token")
      }
      #expect(try await code() == "calls_all_inactive")
      fixture.source.say(#"{"active":true}"#)
      #expect(try await fixture.verify(try AnswersFixture.token()).verdict == "ok")
      #expect(try await code() == nil)
    }
  }

  // MARK: What is told

  @Test("explain tells whom the daemon asked, and what to do about a no")
  func explain() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      let reply = try await fixture.verify("abc", #","explain":true"#)
      #expect(reply["back_end"] == ["issuer": "idp", "kind": "rfc7662", "asked": true])
      let hints = (reply["trace"]?.arrayValue ?? []).compactMap { $0["hint"]?.stringValue }
      #expect(hints.contains { $0.contains("client_id may not be in the token's aud") })
    }
  }

  @Test("a back-end that hangs holds up its own issuer's tokens for key_wait, and nobody else's")
  func hanging() async throws {
    var settings = BackEndSettings()
    settings.concurrency = 1
    let fixture = try Fixture(settings: settings, policies: [Fixture.policy { $0.issuers = ["idp", "other"] }])
    try await fixture.run { () async throws in
      fixture.other.say(Self.good)
      fixture.source.hang()
      var reply: [UInt8] = []
      let waiting = try (0..<3).map { number in
        try #require(fixture.begin("abc\(number)", #","issuer":"idp""#, into: &reply))
      }
      for number in 0..<100 { #expect(try await fixture.verify("a\(number)", #","issuer":"other""#).verdict == "ok") }
      fixture.clock.advance(by: .seconds(20))
      for wait in waiting { #expect(try await wait.reply().verdict == "introspection_unavailable") }
      #expect(fixture.source.calls.count <= 1)
    }
  }

  @Test("a flood of made-up tokens does no harm to those that are known, and asks no more than it may")
  func flood() async throws {
    let fixture = try Fixture(policies: [Fixture.policy()])
    try await fixture.run { () async throws in
      fixture.source.say(Self.good)
      for number in 0..<100 { #expect(try await fixture.verify("good\(number)").verdict == "ok") }
      fixture.source.say(#"{"active":false}"#)
      var codes: Set<String> = []
      for number in 0..<10_000 {
        codes.insert(try await fixture.verify("made-up-\(number)").verdict)
        if number % 100 == 0 { #expect(try await fixture.verify("good\(number / 100)").verdict == "ok") }
      }
      #expect(codes == ["inactive_token", "introspection_unavailable"])
      // The clock stands still: no more than one second's calls.
      #expect(fixture.source.calls.count <= 200)
    }
  }
}
