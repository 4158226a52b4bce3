import BearerClaims
import BearerDevIssuer
import BearerJSON
import BearerProtocol
import BearerServer
import BearerTOML
import BearerTestKit
import Testing

@testable import BearerDaemon
@testable import BearerKeys

@Suite struct VerdictTests {
  @Test("a canary is told from its forgery on every handler")
  func canary() {
    let fixture = AnswersFixture()
    #expect((fixture.handler as? RequestHandler)?.canaryPasses() == true)
    #expect((fixture.handler as? RequestHandler)?.canaryPasses() == true)
  }

  @Test("claims come back with their own source text")
  func claims() throws {
    let fixture = AnswersFixture()
    try fixture.restore("k1")
    let payload = """
      {"iss":"https://idp.example","aud":"api","sub":"s","client_id":"c","jti":"j","iat":1.50e3,"exp":2.5e9,\
      "big":123456789012345678901234567890,"t":"\\u0061"}
      """
    let token = try CachedKeys.key(named: "k1").sign(
      header: Array(#"{"typ":"at+jwt","x":1,"alg":"ES256","kid":"k1"}"#.utf8), payload: Array(payload.utf8))
    let text = fixture.text(#"{"id":"\u0041","op":"verify","token":"\#(token)"}"#)
    let start =
      #"{"id":"\u0041","ok":true,"policy":"default","issuer":"idp","header":{"alg":"ES256","kid":"k1","typ":"at+jwt"},"claims":"#
    #expect(text == start + payload + #","expires_in":700000000}"# + "\n")
  }

  @Test("a verdict on stale keys says so, with their age")
  func stale() throws {
    let fixture = AnswersFixture()
    try fixture.restore("k1", age: .seconds(3600))
    let token = try AnswersFixture.token()
    for op in ["verify", "introspect"] {
      let reply = try fixture.verify(token, op: op)
      #expect(reply.verdict == "ok")
      #expect(reply["stale"] == .bool(true))
      #expect(reply["keys_age_s"] == 3600)
    }
    #expect(try fixture.reply(#"{"op":"ping"}"#)["ready"] == .bool(true))
    // That a signature is bad rests on the keys as well.
    let forged = try fixture.verify(String(token.dropLast(4)) + "AAAA")
    #expect(forged.verdict == "bad_signature" && forged["stale"] == .bool(true) && forged["keys_age_s"] != nil)
    let fresh = AnswersFixture()
    try fresh.restore("k1")
    let reply = try fresh.verify(token)
    #expect(reply.verdict == "ok" && reply["stale"] == nil && reply["keys_age_s"] == nil)
  }

  @Test("keys that are past their last use decide nothing, and a bad token is refused all the same")
  func expiredKeys() throws {
    let fixture = AnswersFixture(RefreshSettings(maximumStale: .zero, keyWait: .zero))
    try fixture.restore("k1", age: .seconds(3600))
    let good = try AnswersFixture.token()
    #expect(try fixture.verify(good).verdict == "keys_unavailable")
    #expect(try fixture.verify(good)["error"]?["status"] == 503)
    #expect(try fixture.verify(good)["error"]?["www_authenticate"] == nil)
    let trace = try fixture.verify(good, #","explain":true"#)["trace"]?.arrayValue ?? []
    #expect(trace.contains { $0["check"] == "iss" && $0["result"] == "pass" })
    #expect(!trace.contains { $0["check"] == "signature" && $0["result"] == "pass" })
    let expired = try AnswersFixture.token { $0.isExpired = true }
    #expect(try fixture.verify(expired).verdict == "expired")
    let elsewhere = try AnswersFixture.token { $0.audiences = ["x"] }
    #expect(try fixture.verify(elsewhere).verdict == "wrong_audience")
    #expect(try fixture.reply(#"{"op":"ping"}"#)["ready"] == .bool(false))
  }

  @Test("a changed policy holds from the next verdict on, for a token whose signature is remembered")
  func reload() throws {
    let fixture = AnswersFixture()
    try fixture.restore("k1")
    let token = try AnswersFixture.token()
    #expect(try fixture.verify(token).verdict == "ok")
    fixture.reload([AnswersFixture.policy { $0.scopes = ["admin"] }])
    #expect(try fixture.verify(token).verdict == "insufficient_scope")
    fixture.reload([AnswersFixture.policy { $0.name = "other" }])
    #expect(try fixture.verify(token)["error"]?["member"] == "policy")
    #expect(try fixture.verify(token).verdict == "invalid_request")
    #expect(try fixture.verify(token, #","policy":"default""#).verdict == "unknown_policy")
    #expect(try fixture.verify(token, #","policy":"other""#).verdict == "ok")
  }

  // MARK: Challenges

  @Test("a challenge has what RFC 6750 and RFC 9470 want in it")
  func challenges() throws {
    let fixture = AnswersFixture(
      policies: [
        AnswersFixture.policy {
          $0.realm = "r"
          $0.resourceMetadata = "https://m"
          $0.maximumAge = .seconds(600)
          $0.acrValues = ["a", "b"]
          $0.scopes = ["openid"]
        }
      ])
    try fixture.restore("k1")
    func challenge(_ line: String) throws -> String? {
      try fixture.reply(line)["error"]?["www_authenticate"]?.stringValue
    }
    #expect(
      try challenge(#"{"op":"verify","authorization":""}"#) == #"Bearer realm="r", resource_metadata="https://m""#)
    let weak = try AnswersFixture.token { $0.claims["acr"] = "c" }
    #expect(
      try challenge(#"{"op":"verify","token":"\#(weak)","max_age":60,"acr_values":"b x"}"#)?
        .hasSuffix(#", max_age="60", acr_values="b", resource_metadata="https://m""#) == true)
    let good = try AnswersFixture.token { $0.claims["acr"] = "a" }
    #expect(
      try challenge(#"{"op":"verify","token":"\#(good)","scope":"x openid y"}"#)?
        .hasSuffix(#", scope="openid x y", resource_metadata="https://m""#) == true)
    #expect(try fixture.verify(good).verdict == "ok")
  }

  @Test("no text of a request can leave the challenge's line")
  func challengeInjection() throws {
    let fixture = AnswersFixture()
    try fixture.restore("k1")
    let token = try AnswersFixture.token()
    let reply = try fixture.verify(token, #","scope":"a\r\nSet-Cookie:x \"q\"""#)
    let challenge = try #require(reply["error"]?["www_authenticate"]?.stringValue)
    #expect(challenge.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    #expect(challenge.hasSuffix(#"scope="a??Set-Cookie:x \"q\"""#))
  }

  // MARK: What the framing refuses

  @Test(
    "what the framing refuses has a code and no id",
    arguments: [
      (FramingFault.lineTooLong, "request_too_large"), (.lineFarTooLong, "request_too_large"),
      (.notThisProtocol, "invalid_json"), (.partialLineTimeout, "invalid_json"),
      (.tooManyConnections, "too_many_connections"),
    ])
  func framing(_ fault: FramingFault, _ code: String) throws {
    var line: [UInt8] = []
    AnswersFixture().handler.refuse(fault, from: Peer(uid: 0, gid: 0, pid: 1), into: &line)
    #expect(line.last == 0x0A)
    let reply = try JSONValue(parsing: line)
    #expect(reply["id"] == .null)
    #expect(reply.verdict == code)
    #expect((reply["error"]?["retry_after_ms"] != nil) == (fault == .tooManyConnections))
  }

  @Test("order: with id a reply is free, without in order, and after all where nobody knows")
  func order() {
    let fixture = AnswersFixture()
    func order(_ line: String) -> ReplyOrder? {
      switch fixture.outcome(line).outcome {
      case .answered(let order): order
      case .notAnObject: .afterAll
      case .deferred: nil
      }
    }
    #expect(order(#"{"id":1,"op":"ping"}"#) == .free)
    #expect(order(#"{"id":"","op":"ping"}"#) == .free)
    #expect(order(#"{"op":"ping"}"#) == .inOrder)
    #expect(order(#"{"op":"nope"}"#) == .inOrder)
    #expect(order(#"{"id":1,"op":"nope"}"#) == .free)
    #expect(order("nope") == .afterAll)
    #expect(order(#"{"id":null,"op":"ping"}"#) == .afterAll)
  }

  @Test(
    "what some readers take for the end of a line is an escape in every reply", arguments: ["verify", "introspect"])
  func lineSeparators(op: String) async throws {
    let fixture = AnswersFixture()
    try fixture.restore("k1")
    let odd = "a\u{2028}b\u{2029}c\u{85}d\u{2019}\u{E9}"
    let token = try AnswersFixture.token { $0.subject = odd }
    for text in [
      fixture.text(#"{"id":"\#(odd)","op":"\#(op)","token":"\#(token)"}"#),
      fixture.text(#"{"id":"\#(odd)","op":"\#(odd)"}"#),
    ] {
      #expect(!text.unicodeScalars.contains { ["\u{2028}", "\u{2029}", "\u{85}"].contains($0) })
      #expect(try JSONValue(parsing: Array(text.utf8))["id"] == .string(odd))
    }
    let reply = try fixture.verify(token, op: op)
    #expect((reply["claims"] ?? reply["introspection"])?["sub"] == .string(odd))
  }

  @Test("so it is in the replies that come later, and in those when the time for stopping is over")
  func lateLineSeparators() async throws {
    let odd = "a\u{2028}b\u{2029}c\u{85}d\u{2019}\u{E9}"
    let fixture = AnswersFixture()
    let reloader = Reloader()
    let handler = RequestHandlers(fixture.current, fixture.reporter, reloader: reloader, clock: fixture.clock)
      .makeHandler()
    func ask(_ members: String) throws -> Deferred {
      var reply: [UInt8] = []
      let line = Array(#"{"id":"\#(odd)",\#(members)}"#.utf8)
      let peer = Peer(uid: 0, gid: 0, pid: 1, isAdministrator: true)
      guard case .deferred(_, let pending) = handler.handle(line.span, from: peer, into: &reply) else {
        throw NotDeferred()
      }
      return Deferred(pending)
    }
    func check(_ line: [UInt8], holdsElsewhere isElsewhere: Bool) throws {
      let text = String(decoding: line, as: UTF8.self)
      #expect(!text.unicodeScalars.contains { ["\u{2028}", "\u{2029}", "\u{85}"].contains($0) }, "\(text)")
      #expect(try JSONValue(parsing: line)["id"] == .string(odd))
      let parts = text.split(separator: #"\u2028"#).count
      #expect(isElsewhere ? parts > 2 : parts == 2, "\(text)")
    }
    let token = try AnswersFixture.token(kid: odd) { $0.subject = odd }
    try await fixture.run {
      let waiting = try ask(#""op":"verify","token":"\#(token)""#)
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched(odd))))
      // The header's kid, and sub.
      let line = await waiting.line()
      try check(line, holdsElsewhere: true)
      #expect(try JSONValue(parsing: line)["claims"]?["sub"] == .string(odd))

      try check(await ask(#""op":"status""#).line(), holdsElsewhere: true)

      let refresh = try ask(#""op":"refresh-jwks""#)
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1"))))
      try check(await refresh.line(), holdsElsewhere: true)

      let refused = try ask(#""op":"reload""#)
      let fault = ConfigurationFault(place: odd, line: 7, message: "wrong")
      for done in reloader.take().waiting { done(.refused(ConfigurationFaults([fault]))) }
      try check(await refused.line(), holdsElsewhere: true)

      for members in [#""op":"status""#, #""op":"refresh-jwks""#, #""op":"reload""#] {
        var line: [UInt8] = []
        try ask(members).pending.shutDown(into: &line)
        try check(line, holdsElsewhere: false)
      }
      let late = try AnswersFixture.token(kid: "k9")
      var line2: [UInt8] = []
      try ask(#""op":"verify","token":"\#(late)""#).pending.shutDown(into: &line2)
      try check(line2, holdsElsewhere: false)
    }
  }

  private struct NotDeferred: Error {}
}
