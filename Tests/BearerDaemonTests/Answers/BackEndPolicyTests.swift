import BearerClaims
import BearerDevIssuer
import BearerJOSE
import BearerJSON
import BearerTestKit
import Testing

@testable import BearerDaemon

/// What is known of a token is a fact; whether it is acceptable is decided anew each time.
@Suite(.timeLimit(.minutes(10))) struct BackEndPolicyTests {
  private typealias Fixture = BackEndFixture

  private static let now = ManualClock.date

  /// A yes about a token that a careful policy accepts.
  private static let answer =
    #"{"active":true,"sub":"u","aud":["api","other"],"scope":"a b","client_id":"c","acr":"pwd","auth_time":\#(now - 60),"#
    + #""exp":\#(now + 3600),"iat":\#(now - 60),"roles":["r"],"cnf":{"jkt":"x"},"jti":"1"}"#

  private static func lenient(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
    Fixture.policy {
      $0.refusesSenderConstrained = false
      change(&$0)
    }
  }

  /// A policy for each kind of check, which what is known does not satisfy.
  private static let stricter: [(check: String, code: String, change: @Sendable (inout Policy) -> Void)] = [
    ("aud", "wrong_audience", { $0.audiences = ["x"] }),
    ("scope", "insufficient_scope", { $0.scopes = ["a", "c"] }),
    ("client_id", "wrong_client", { $0.clients = ["d"] }),
    ("required_claims", "missing_claim", { $0.requiredClaims = ["email"] }),
    ("claims", "claim_mismatch", { $0.claims = [ClaimRequirement(claim: "sub", anyOf: [.string("v")])] }),
    ("acr", "insufficient_user_authentication", { $0.acrValues = ["mfa"] }),
    ("auth_time", "insufficient_user_authentication", { $0.maximumAge = .seconds(10) }),
    ("cnf", "proof_required", { $0.refusesSenderConstrained = true }),
    ("opaque", "opaque_token", { $0.acceptsOpaque = false }),
  ]

  @Test("a policy that is stricter refuses what another accepted, without a call, check by check", arguments: 0..<9)
  func anotherPolicy(number: Int) async throws {
    let (check, code, change) = Self.stricter[number]
    var strict = Self.lenient(change)
    strict.name = "strict"
    let fixture = try Fixture(policies: [Self.lenient(), strict])
    try await fixture.run { () async throws in
      fixture.source.say(Self.answer)
      #expect(try await fixture.verify("abc").verdict == "ok")
      #expect(try await fixture.verify("abc", #","policy":"strict""#).verdict == code, "\(check)")
      #expect(try await fixture.verify("abc").verdict == "ok")
      #expect(fixture.source.calls.count == 1 && fixture.other.calls.isEmpty)
    }
  }

  @Test("so does one that a reload made stricter", arguments: 0..<9)
  func reload(number: Int) async throws {
    let (check, code, change) = Self.stricter[number]
    let fixture = try Fixture(policies: [Self.lenient()])
    try await fixture.run { () async throws in
      fixture.source.say(Self.answer)
      #expect(try await fixture.verify("abc").verdict == "ok")
      fixture.reload([Self.lenient(change)])
      #expect(try await fixture.verify("abc").verdict == code, "\(check)")
      fixture.reload([Self.lenient()])
      #expect(try await fixture.verify("abc").verdict == "ok")
      #expect(fixture.source.calls.count == 1)
    }
  }

  @Test(
    "what a request adds is held against what is known",
    arguments: [
      (#""audience":"x""#, "wrong_audience"), (#""scope":"c""#, "insufficient_scope"),
      (#""acr_values":"mfa""#, "insufficient_user_authentication"),
      (#""max_age":5"#, "insufficient_user_authentication"), (#""nonce":"n""#, "wrong_nonce"),
      (#""audience":"other","scope":"b","acr_values":"pwd","max_age":3600"#, "ok"),
    ])
  func tightening(members: String, code: String) async throws {
    let fixture = try Fixture(policies: [Self.lenient()])
    try await fixture.run { () async throws in
      fixture.source.say(Self.answer)
      #expect(try await fixture.verify("abc").verdict == "ok")
      #expect(try await fixture.verify("abc", "," + members).verdict == code)
      #expect(fixture.source.calls.count == 1)
    }
  }

  @Test("a token that expires while its yes still counts is expired")
  func time() async throws {
    let fixture = try Fixture(policies: [Self.lenient { $0.leeway = .zero }])
    try await fixture.run { () async throws in
      fixture.source.say(Self.answer.replacing(#""exp":\#(Self.now + 3600)"#, with: #""exp":\#(Self.now + 10)"#))
      let reply = try await fixture.verify("abc")
      #expect(reply.verdict == "ok" && reply["expires_in"] == 10)
      fixture.clock.advance(by: .seconds(9))
      #expect(try await fixture.verify("abc").verdict == "ok")
      fixture.clock.advance(by: .seconds(1))
      #expect(try await fixture.verify("abc").verdict == "expired")
      #expect(fixture.source.calls.count == 1)
    }
  }

  @Test("step-up: authenticated too long ago by the time of the next request")
  func authenticationAges() async throws {
    let fixture = try Fixture(
      policies: [
        Self.lenient {
          $0.maximumAge = .seconds(70)
          $0.leeway = .zero
        }
      ])
    try await fixture.run { () async throws in
      fixture.source.say(Self.answer)
      #expect(try await fixture.verify("abc").verdict == "ok")
      fixture.clock.advance(by: .seconds(10))
      #expect(try await fixture.verify("abc").verdict == "ok")
      fixture.clock.advance(by: .microseconds(1))
      let reply = try await fixture.verify("abc")
      #expect(reply.verdict == "insufficient_user_authentication" && reply["error"]?["reason"] == "too_old")
      #expect(fixture.source.calls.count == 1)
    }
  }

  @Test("a yes for one issuer is none for another, and one of a back-end that was replaced is gone")
  func perIssuer() async throws {
    let fixture = try Fixture(policies: [Self.lenient { $0.issuers = ["idp", "other"] }])
    try await fixture.run { () async throws in
      fixture.source.say(Self.answer)
      #expect(try await fixture.verify("abc", #","issuer":"idp""#).verdict == "ok")
      #expect(try await fixture.verify("abc", #","issuer":"other""#).verdict == "inactive_token")
      #expect(fixture.source.calls == ["abc"] && fixture.other.calls == ["abc"])
    }
  }

  // MARK: Rechecks

  @Test("a JWT that is refused for itself is refused by that, revoked or not, and costs no call")
  func recheckedJWT() async throws {
    var strict = Fixture.recheck(.refuse) { $0.scopes = ["admin"] }
    strict.name = "strict"
    let fixture = try Fixture(policies: [Fixture.recheck(.refuse), strict])
    try await fixture.run { () async throws in
      fixture.source.say(#"{"active":true}"#)
      let token = try AnswersFixture.token()
      #expect(try await fixture.verify(token).verdict == "ok")
      #expect(try await fixture.verify(token, #","policy":"strict""#).verdict == "insufficient_scope")
      let other = try AnswersFixture.token { $0.subject = "other" }
      #expect(try await fixture.verify(other, #","policy":"strict""#).verdict == "insufficient_scope")
      #expect(fixture.source.calls.count == 1)
    }
  }

  @Test("the other valid spelling of a revoked JWT's ECDSA signature is revoked, too, while the back-end is down")
  func twin() async throws {
    let fixture = try Fixture(policies: [Fixture.recheck(.allow)])
    try await fixture.run { () async throws in
      let token = try AnswersFixture.token()
      let twin = try Self.twin(of: token)
      #expect(twin != token)
      // It is as valid as the first: nothing but the back-end's word stands against it.
      fixture.reload([AnswersFixture.policy()])
      #expect(try await fixture.verify(twin).verdict == "ok")
      fixture.reload([Fixture.recheck(.allow)])
      #expect(try await fixture.verify(token).verdict == "inactive_token")
      fixture.source.say(nil)
      #expect(try await fixture.verify(twin).verdict == "inactive_token")
      fixture.clock.advance(by: .seconds(600))
      for token in [twin, token] { #expect(try await fixture.verify(token).verdict == "inactive_token") }
      // One of which nothing is known passes, by the policy.
      let unknown = try AnswersFixture.token { $0.subject = "other" }
      #expect(try await fixture.verify(unknown)["unchecked"] == true)
    }
  }

  /// The token with the signature (r, n - s) in place of (r, s), for ES256 (FIPS 186-5 section 6.4.2).
  private static func twin(of token: String) throws -> String {
    let order: [UInt8] = [
      0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
      0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ]
    let dot = try #require(token.lastIndex(of: "."))
    var signature = try #require(Base64URL.decode(String(token[token.index(after: dot)...])))
    var borrow = 0
    for place in (0..<32).reversed() {
      let difference = Int(order[place]) - Int(signature[32 + place]) - borrow
      borrow = difference < 0 ? 1 : 0
      signature[32 + place] = UInt8(truncatingIfNeeded: difference)
    }
    return token[...dot] + Base64URL.encode(signature)
  }
}
