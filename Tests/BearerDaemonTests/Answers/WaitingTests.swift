import BearerClaims
import BearerDevIssuer
import BearerJSON
import BearerServer
import BearerTestKit
import BearerTime
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon
@testable import BearerKeys

/// Requests that wait for a key.
@Suite(.timeLimit(.minutes(10))) struct WaitingTests {
  private static let patient = RefreshSettings(keyWait: .seconds(20))
  private static let failure: Result<FetchOutcome, FetchFault> = .failure(FetchFault(.connectFailed, found: "a test"))

  @Test("an unknown key is fetched, and its token accepted")
  func arrives() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let pending = try #require(fixture.deferred(try AnswersFixture.token(kid: "k2")))
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      let reply = try await pending.reply()
      #expect(reply.verdict == "ok")
      #expect(reply["id"] == 1)
    }
  }

  @Test("an answer that is there before the connection asks for it is not lost")
  func early() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let token = try AnswersFixture.token(kid: "k2")
      guard case .deferred(_, let pending) = fixture.outcome(#"{"id":1,"op":"verify","token":"\#(token)"}"#).outcome
      else {
        Issue.record("the reply is not deferred")
        return
      }
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      while fixture.keys.status(at: fixture.clock.now).waiting > 0 { await Task.yield() }
      #expect(try await Deferred(pending).reply().verdict == "ok")
    }
  }

  @Test("a key that does not come, nor past caches, is unknown, and in the cool-down at once")
  func unknown() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let token = try AnswersFixture.token(kid: "k2")
      let pending = try #require(fixture.deferred(token))
      for _ in 1...2 {
        await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1"))))
      }
      #expect(try await pending.reply().verdict == "unknown_key")
      #expect(try fixture.verify(token).verdict == "unknown_key")
      #expect(fixture.source.fetches == 3)
      #expect(fixture.source.reminders == ["caches", "discovery"])
    }
  }

  @Test("where there is no room to wait, a token waits all the same, and its connection is not read meanwhile")
  func noPlace() async throws {
    let room = WaitingRoom(capacity: 1000)
    let fixture = AnswersFixture(Self.patient, room: room)
    try await fixture.run {
      let token = try AnswersFixture.token(kid: "k2")
      let request = #"{"op":"verify","token":"\#(token)"}"#
      guard case .deferred(_, let first) = fixture.outcome(request).outcome else {
        Issue.record("the reply is not deferred")
        return
      }
      #expect(first.holdsBackReading)
      #expect(room.used == 0)
      room.setCapacity(100_000)
      guard case .deferred(_, let second) = fixture.outcome(request).outcome else {
        Issue.record("the reply is not deferred")
        return
      }
      #expect(!second.holdsBackReading)
      #expect(fixture.keys.status(at: fixture.clock.now).waiting == 2)
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      for pending in [first, second] { #expect(try await Deferred(pending).reply().verdict == "ok") }
      #expect(!first.holdsBackReading)
      #expect(fixture.source.fetches == 2)
    }
  }

  @Test("a fetch that fails leaves it undecided, and says when to ask again")
  func fails() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let pending = try #require(fixture.deferred(try AnswersFixture.token(kid: "k2")))
      await fixture.source.nextCall()?.answer(Self.failure)
      let reply = try await pending.reply()
      #expect(reply.verdict == "keys_unavailable")
      let retryAfter = try #require(reply["error"]?["retry_after_ms"]?.integerValue)
      #expect(retryAfter > 0)
      #expect(try fixture.verify(try AnswersFixture.token()).verdict == "ok")
    }
  }

  @Test("the request's own deadline and key_wait end a wait, and are told apart")
  func deadlines() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let token = try AnswersFixture.token(kid: "k2")
      let hasty = try #require(fixture.deferred(token, #","deadline_ms":1"#))
      let patient = try #require(fixture.deferred(token))
      fixture.clock.advance(by: .milliseconds(1))
      #expect(try await hasty.reply().verdict == "deadline_exceeded")
      fixture.clock.advance(by: .seconds(21))
      #expect(try await patient.reply().verdict == "keys_unavailable")
    }
  }

  @Test("key_wait is for all fetches together that a request waits for, not for each")
  func twoFetches() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      // A refresh is under way that was answered before the rotation: it cannot bring the key.
      let keys = fixture.keys
      let refresh = Task { await keys.refresh() }
      let early = try #require(await fixture.source.nextCall())
      let pending = try #require(fixture.deferred(try AnswersFixture.token(kid: "k2")))
      let deadline = fixture.clock.now + .milliseconds(500)
      #expect(fixture.clock.deadlines.contains(deadline))
      fixture.clock.advance(by: .milliseconds(400))
      early.answer(.success(.keys(try AnswersFixture.fetched("k1"))))
      _ = await refresh.value
      // Now the one that is made for the key.
      #expect(await pending.waitsOn())
      let second = try #require(await fixture.source.nextCall())
      #expect(fixture.keys.status(at: fixture.clock.now).waiting == 1)
      try #require(fixture.clock.deadlines.contains(deadline))
      fixture.clock.advance(by: .milliseconds(100))
      #expect(try await pending.reply().verdict == "keys_unavailable")
      second.answer(Self.failure)
    }
  }

  @Test("a key that the second of two fetches brings is in time")
  func secondFetch() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let keys = fixture.keys
      let refresh = Task { await keys.refresh() }
      let early = try #require(await fixture.source.nextCall())
      let pending = try #require(fixture.deferred(try AnswersFixture.token(kid: "k2")))
      early.answer(.success(.keys(try AnswersFixture.fetched("k1"))))
      _ = await refresh.value
      #expect(await pending.waitsOn())
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      #expect(try await pending.reply().verdict == "ok")
    }
  }

  @Test("a token without kid that no key fits may be of a new one; if none comes its signature is bad")
  func withoutKid() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      func token(_ kid: String, _ change: (inout TokenTemplate) -> Void = { _ in }) throws -> String {
        try AnswersFixture.token(kid: kid) { template in
          template.omittedHeaderMembers = ["kid"]
          change(&template)
        }
      }
      #expect(try fixture.verify(token("k1")).verdict == "ok")
      // Nothing is fetched for what is bad in another way too; of the two the signature comes first.
      #expect(try fixture.verify(token("k2") { $0.isExpired = true }).verdict == "bad_signature")
      #expect(fixture.source.fetches == 1)
      let new = try #require(fixture.deferred(try token("k2")))
      let foreign = try #require(fixture.deferred(try token("k3")))
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k2"))))
      #expect(try await new.reply().verdict == "ok")
      #expect(try await foreign.reply().verdict == "bad_signature")
      // Within the cool-down at once; while the provider fails it is not known.
      #expect(try fixture.verify(token("k3")).verdict == "bad_signature")
      fixture.clock.advance(by: .seconds(30))
      let undecided = try #require(fixture.deferred(try token("k3")))
      await fixture.source.nextCall()?.answer(Self.failure)
      #expect(try await undecided.reply().verdict == "keys_unavailable")
      #expect(fixture.source.fetches == 3)
    }
  }

  @Test("1,000 good tokens under a new key wait for one fetch, and tokens under known keys are not held up")
  func bound() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let token = try AnswersFixture.token(kid: "k2")
      let waiting = try (0..<1000).map { _ in try #require(fixture.deferred(token)) }
      #expect(try fixture.verify(try AnswersFixture.token()).verdict == "ok")
      // A client that goes away frees its place.
      waiting[0].pending.cancel()
      #expect(fixture.keys.status(at: fixture.clock.now).waiting == 999)
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k2"))))
      for pending in waiting.dropFirst() { #expect(try await pending.reply().verdict == "ok") }
      #expect(fixture.source.fetches == 2)
      #expect(fixture.keys.status(at: fixture.clock.now).waiting == 0)
    }
  }

  @Test("a daemon that stops tells those who wait")
  func stops() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let token = try AnswersFixture.token(kid: "k2")
      let drained = try #require(fixture.deferred(token))
      let dismissed = try #require(fixture.deferred(token))
      #expect(try drained.shutDown().verdict == "shutting_down")
      fixture.keys.shutDown()
      #expect(try await dismissed.reply().verdict == "shutting_down")
      #expect(try fixture.verify(token).verdict == "shutting_down")
    }
  }

  @Test("a policy that was tightened meanwhile is the one that decides")
  func reloadedPolicy() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let tightened = try #require(fixture.deferred(try AnswersFixture.token(kid: "k2")))
      fixture.reload([AnswersFixture.policy { $0.scopes = ["admin"] }])
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      #expect(try await tightened.reply().verdict == "insufficient_scope")
    }
    // Also when the key did not come: a token that is known to be bad is never called unavailable.
    let other = AnswersFixture(Self.patient)
    try await other.run {
      let tightened = try #require(other.deferred(try AnswersFixture.token(kid: "k2")))
      other.reload([AnswersFixture.policy { $0.scopes = ["admin"] }])
      await other.source.nextCall()?.answer(Self.failure)
      #expect(try await tightened.reply().verdict == "insufficient_scope")
    }
  }

  @Test("a policy or an issuer that went meanwhile is not trusted any more")
  func removed() async throws {
    let fixture = AnswersFixture(Self.patient, policies: [AnswersFixture.policy { $0.name = "p" }])
    try await fixture.run {
      let pending = try #require(fixture.deferred(try AnswersFixture.token(kid: "k2"), #","policy":"p""#))
      fixture.reload([AnswersFixture.policy()])
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      #expect(try await pending.reply().verdict == "unknown_policy")
      #expect(try await fixture.status()["counts"] == ["accepted": 0, "unknown_policy": 1])
    }
    let other = AnswersFixture(Self.patient)
    try await other.run {
      let pending = try #require(other.deferred(try AnswersFixture.token(kid: "k2")))
      let configuration = Configuration(
        issuers: [IssuerConfiguration(name: "new", url: "https://new.example")],
        policies: [Policy(name: "default", issuers: ["new"], audiences: ["api"])])
      let keys = IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource())
      other.current.replace(with: ActiveConfiguration(configuration, keys: [keys]))
      other.keys.shutDown()
      #expect(try await pending.reply().verdict == "unknown_issuer")
    }
  }

  @Test("a token that is known to be bad never waits and costs no fetch")
  func bad() async throws {
    let fixture = AnswersFixture(Self.patient)
    try await fixture.run {
      let expired = try AnswersFixture.token(kid: "k2") { $0.isExpired = true }
      #expect(try fixture.verify(expired).verdict == "expired")
      let elsewhere = try AnswersFixture.token(kid: "k2") { $0.audiences = ["x"] }
      #expect(try fixture.verify(elsewhere).verdict == "wrong_audience")
      #expect(
        try fixture.verify(try AnswersFixture.token(kid: "k2"), #","scope":"x""#).verdict == "insufficient_scope")
      #expect(fixture.source.fetches == 1)
    }
  }
}
