import BearerDevIssuer
import BearerFraming
import BearerJOSE
import BearerJSON
import BearerTestKit
import BearerTime
import Dispatch
import Synchronization
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon
@testable import BearerKeys

/// What op `status` and systemd's status line tell of an issuer's keys, by the clock of the keys.
@Suite(.timeLimit(.minutes(10))) struct ReportsTests {
  /// A day's lifetime, in which two hours are fresh and two days stale.
  private static let settings = RefreshSettings(
    refresh: .seconds(86_400), maximumStale: .seconds(5 * 86_400), unknownKeyCooldown: .seconds(3600))
  private static let failure: Result<FetchOutcome, FetchFault> = .failure(
    FetchFault(.dnsFailed, found: "what was found"))

  private func line(_ fixture: AnswersFixture) -> String { fixture.reporter.statusLine(fixture.current.value) }

  /// Fails the first fetch of an owner with kept keys, and waits until that is known.
  private func withFailure(
    age: Duration, _ body: (AnswersFixture) async throws -> Void
  ) async throws {
    let fixture = AnswersFixture(Self.settings)
    try fixture.restore("k1", age: age)
    let keys = fixture.keys
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await keys.run() }
      defer { keys.shutDown() }
      await fixture.source.nextCall()?.answer(Self.failure)
      while keys.status(at: fixture.clock.now).failures == 0 { await Task.yield() }
      try await body(fixture)
    }
  }

  @Test("the status line says how many keys there are, how old, and that they are stale or expired")
  func statusLine() throws {
    let fresh = AnswersFixture(Self.settings)
    try fresh.restore("k1", age: .seconds(7300))
    #expect(line(fresh) == "idp: 1 key, 2 h old")
    let stale = AnswersFixture(Self.settings)
    try stale.restore("k1", age: .seconds(2 * 86_400))
    #expect(line(stale) == "idp: 1 key, 2 d old, STALE and still used")
    let expired = AnswersFixture(Self.settings)
    try expired.restore("k1", age: .seconds(7 * 86_400))
    #expect(line(expired) == "idp: EXPIRED keys, 7 d old, tokens cannot be verified")
    fresh.reporter.setReloadFault("line 3\nis wrong")
    #expect(
      line(fresh)
        == "the last reload was refused, the old configuration is in force: line 3 is wrong; idp: 1 key, 2 h old")
    fresh.reporter.setReloadFault(nil)
    #expect(line(fresh) == "idp: 1 key, 2 h old")
  }

  @Test("the status line says that refreshing fails, and no more once it succeeds")
  func failing() async throws {
    try await withFailure(age: .seconds(7300)) { fixture in
      #expect(line(fixture) == "idp: 1 key, 2 h old, refresh fails (dns_failed, 1 times)")
      fixture.clock.advance(by: .seconds(10))
      await fixture.source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1"))))
      while fixture.keys.status(at: fixture.clock.now).consecutiveFailures > 0 { await Task.yield() }
      #expect(line(fixture) == "idp: 1 key, 0 s old")
      // What went wrong is still shown to who asks.
      let status = try await fixture.status()["issuers"]?.arrayValue?.first
      #expect(status?["last_fault"]?["code"] == "dns_failed")
      #expect(status?["last_fault"]?["consecutive"] == 0)
    }
  }

  @Test("status tells every member for an issuer whose refresh failed, and none that does not hold")
  func members() async throws {
    try await withFailure(age: .seconds(2 * 86_400)) { fixture in
      let reply = try await fixture.status()
      let status = try #require(reply["issuers"]?.arrayValue?.first?.objectValue)
      #expect(
        status.members.map(\.name) == [
          "issuer", "url", "state", "activity", "usable_keys", "age_s", "lifetime_left_s", "usable_left_s",
          "last_attempt_age_s", "next_attempt_in_s", "cooldown_left_s", "last_fault", "waiting", "fetches",
          "failures", "keys",
        ])
      #expect(status["state"] == "stale")
      #expect(status["activity"] == "backing_off")
      let fault = try #require(status["last_fault"]?.objectValue)
      #expect(fault.members.map(\.name) == ["code", "message", "age_s", "consecutive"])
      #expect(fault["code"] == "dns_failed")
      #expect(fault["message"] == "What was found.")
      #expect(fault["consecutive"] == 1)
      fixture.clock.advance(by: .seconds(3))
      let later = try await fixture.status()["issuers"]?.arrayValue?.first
      func seconds(_ name: String) -> Int64? { later?[name]?.integerValue }
      #expect(seconds("age_s") == 172_803)
      #expect(seconds("lifetime_left_s") == -86_403)
      #expect(seconds("usable_left_s") == 345_597)
      #expect(seconds("last_attempt_age_s") == 3)
      #expect(later?["last_fault"]?["age_s"] == 3)
      #expect(seconds("cooldown_left_s") == 3597)
      #expect(seconds("next_attempt_in_s").map { (2...7).contains($0) } == true)
    }
  }

  @Test("a provider's long texts are cut, and why a key is not usable is told")
  func keys() async throws {
    let fixture = AnswersFixture()
    let long = String(repeating: "é", count: 100)
    let body =
      Array(#"{"keys":[\#(try JSONValue.object(CachedKeys.key(named: "k1").jwk).text),"#.utf8)
      + Array(#"{"kid":"\#(long)","kty":"oct","alg":"HS256"}]}"#.utf8)
    let fetched = FetchedKeys(
      keys: try KeySet(parsing: body, algorithms: [.es256]), body: body, lifetime: nil)
    fixture.keys.restore(with: fetched, age: .zero)
    let status = try await fixture.status()["issuers"]?.arrayValue?.first
    #expect(status?["usable_keys"] == 1)
    #expect(
      status?["keys"] == [
        ["kid": "k1", "alg": "ES256", "kty": "EC", "crv": "P-256", "usable": true],
        [
          "kid": .string(String(repeating: "é", count: 40) + "…"), "alg": "HS256", "kty": "oct", "usable": false,
          "problem": "unsupported_kty",
        ],
      ])
    #expect(status?["keys_left_out"] == nil)
  }

  @Test("of a mebibyte of objects that are no keys, the first thousand are told and the others counted")
  func manyUnusable() async throws {
    let fixture = AnswersFixture()
    let key = try JSONValue.object(CachedKeys.key(named: "k1").jwk).text
    let body = Array((#"{"keys":["# + String(repeating: "{},", count: 340_000) + key + "]}").utf8)
    let fetched = FetchedKeys(
      keys: try KeySet(parsing: body, algorithms: [.es256]), body: body, lifetime: nil)
    fixture.keys.restore(with: fetched, age: .zero)
    let reply = try await fixture.status()
    #expect(reply.text.utf8.count < 80_000)
    let status = reply["issuers"]?.arrayValue?.first
    #expect(status?["keys"]?.arrayValue?.count == 1001)
    #expect(status?["keys_left_out"] == 339_000)
    #expect(status?["usable_keys"] == 1)
  }

  @Test("status of one issuer is told whole, by its name or url; of one that there is not, refused")
  func oneIssuer() async throws {
    let fixture = AnswersFixture(Self.settings)
    for name in ["idp", AnswersFixture.url] {
      let status = try await fixture.status(#","issuer":"\#(name)""#)
      #expect(status["issuers"]?.arrayValue?.map { $0["issuer"] } == ["idp"])
    }
    let refused = try await fixture.status(#","issuer":"other""#)
    #expect(refused.verdict == "unknown_issuer_name")
    #expect(refused["error"]?["member"] == "issuer")
  }

  @Test("status is bounded by output_bytes: issuers in trouble are told before others, and keys last")
  func bounded() async throws {
    let names = (0..<100).map { "idp\($0)" }
    var limits = Limits()
    limits.outputBytes = 8192
    let keys = try names.enumerated().map { number, _ in
      let keys = IssuerKeys(settings: Self.settings, source: ScriptedKeySource(), clock: ManualClock())
      // The last ten have none.
      if number < 90 { keys.restore(with: try AnswersFixture.fetched("k1"), age: .zero) }
      return keys
    }
    let configuration = Configuration(
      issuers: names.map { IssuerConfiguration(name: $0, url: "https://\($0).example") }, limits: limits)
    let active = ActiveConfiguration(configuration, keys: keys)
    let reporter = StatusReporter(eventLoops: 1, limits: limits, startedAt: .zero)
    let status = JSONValue.object(reporter.status(active, at: ManualClock().now))
    #expect(status.text.utf8.count <= 8192)
    let shown = try #require(status["issuers"]?.arrayValue)
    #expect(shown.suffix(10).map { $0["issuer"] } == names.suffix(10).map { .string($0) })
    #expect(shown.first?["issuer"] == "idp0")
    #expect(status["issuers_left_out"]?.integerValue == Int64(100 - shown.count))
    // What was left after the issuers was not enough for all their keys.
    let keysLeftOut = shown.compactMap { $0["keys_left_out"]?.integerValue }.reduce(0, +)
    #expect(shown.compactMap { $0["keys"]?.arrayValue?.count }.reduce(0, +) + Int(keysLeftOut) == shown.count - 10)
    #expect(keysLeftOut > 0)
    // One alone has room for its keys.
    let one = JSONValue.object(reporter.status(active, at: ManualClock().now, of: 42))
    #expect(one["issuers"]?.arrayValue?.map { $0["keys"]?.arrayValue?.count } == [1])
    #expect(one["issuers_left_out"] == nil)
  }

  @Test("whoever asks before an answer is begun gets that one: a flood is one piece of work")
  func shared() async throws {
    let fixture = AnswersFixture(Self.settings)
    let made = Mutex(0)
    fixture.reporter.watchSocket {
      made.withLock { $0 += 1 }
      return true
    }
    let desk = StatusQueue(fixture.reporter)
    let question = StatusQueue.Question(
      active: fixture.current.value, issuer: nil, detail: .everything, at: fixture.clock.now)
    let answers = await withCheckedContinuation { continuation in
      let answers = Mutex<[StatusQueue.Answer]>([])
      let done = Mutex(0)
      desk.queue.suspend()
      for _ in 0..<100 {
        let answer = desk.ask(question) {
          let count = done.withLock { count in
            count += 1
            return count
          }
          if count == 100 { continuation.resume(returning: answers.withLock(\.self)) }
        }
        answers.withLock { $0.append(answer) }
      }
      desk.queue.resume()
    }
    #expect(Set(answers.map(ObjectIdentifier.init)).count == 1)
    // It is renewed for whoever asks later, and those who have not taken it have no copy.
    let first = try #require(answers.first)
    let before = first.members
    fixture.reporter.setReloadFault("at a later time")
    let later = await withCheckedContinuation { continuation in
      let later = Mutex<StatusQueue.Answer?>(nil)
      desk.queue.suspend()
      let answer = desk.ask(question) { continuation.resume(returning: later.withLock(\.self)) }
      later.withLock { $0 = answer }
      desk.queue.resume()
    }
    #expect(later === first)
    #expect(!String(decoding: before, as: UTF8.self).contains("at a later time"))
    #expect(String(decoding: first.members, as: UTF8.self).contains("at a later time"))
    #expect(made.withLock(\.self) == 2)
  }

  @Test("ready follows the keys that come and expire, and asks each issuer again only after a change")
  func ready() throws {
    let publications = KeyPublications()
    let clock = ManualClock()
    let keys = (0..<2).map { _ in
      IssuerKeys(settings: Self.settings, source: ScriptedKeySource(), clock: clock, publications: publications)
    }
    let names = ["one", "two"]
    let active = ActiveConfiguration(
      Configuration(issuers: names.map { IssuerConfiguration(name: $0, url: "https://\($0).example") }), keys: keys)
    var memo = ReadyMemo()
    func isReady() -> Bool { memo.isReady(active, publications, at: clock.now) }
    #expect(!isReady())
    keys[0].restore(with: try AnswersFixture.fetched("k1"), age: .zero)
    #expect(!isReady())
    keys[1].restore(with: try AnswersFixture.fetched("k1"), age: .seconds(3600))
    #expect(isReady())
    // A day's lifetime and five more, of which the second set has spent an hour.
    clock.advance(by: .seconds(6 * 86_400 - 3601))
    #expect(isReady())
    clock.advance(by: .seconds(1))
    #expect(!isReady())
  }
}

extension JSONValue {
  fileprivate var text: String { String(decoding: serialized(), as: UTF8.self) }
}
