import BearerClaims
import BearerDevIssuer
import BearerFraming
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerServer
import BearerTestKit
import BearerTime
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// `refresh-jwks` of several issuers, whose providers answer when the test says.
@Suite(.timeLimit(.minutes(10))) struct RefreshAnswersTests {
  private let clock = ManualClock()
  private static let limits: Limits = {
    var limits = Limits()
    limits.server.outputBytes = 65536
    return limits
  }()
  private let sources = [ScriptedKeySource(), ScriptedKeySource()]

  /// Runs `body` with a handler and the owners of two issuers' keys, `one` and `two`, each of which has `k1`.
  private func run(
    _ limits: Limits = Self.limits, _ body: (any LineHandler, [IssuerKeys]) async throws -> Void
  ) async throws {
    let names = ["one", "two"]
    let configuration = Configuration(
      issuers: names.map { IssuerConfiguration(name: $0, url: "https://\($0).example") },
      policies: [Policy(name: "default", issuers: names, audiences: ["api"])])
    let keys = sources.map { source in
      IssuerKeys(settings: RefreshSettings(), source: source, clock: clock)
    }
    let handlers = RequestHandlers(
      ActiveConfigurationStore(ActiveConfiguration(configuration, keys: keys)),
      StatusReporter(eventLoops: 1, limits: limits))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for owner in keys { group.addTask { await owner.run() } }
      defer { for owner in keys { owner.shutDown() } }
      for (owner, source) in zip(keys, sources) {
        await source.nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1"))))
        #expect(await owner.waitUntilHasKeys())
      }
      try await body(handlers.makeHandler(), keys)
    }
  }

  private func ask(_ handler: any LineHandler, _ line: String) throws -> Deferred {
    var reply: [UInt8] = []
    let bytes = Array(line.utf8)
    let peer = Peer(uid: 0, gid: 0, pid: 1)
    guard case .deferred(_, let pending) = handler.handle(bytes.span, from: peer, into: &reply)
    else { throw NotDeferred() }
    return Deferred(pending)
  }

  private struct NotDeferred: Error {}

  /// Waits until this many refreshes wait for an issuer's fetch.
  private func wait(for count: Int, of keys: IssuerKeys) async {
    while keys.status(at: .zero).refreshing < count { await Task.yield() }
  }

  @Test("issuers come in the configuration's order whoever answers first, each with what came and went")
  func order() async throws {
    try await run { handler, keys in
      let pending = try ask(handler, #"{"op":"refresh-jwks"}"#)
      let one = try #require(await sources[0].nextCall())
      await sources[1].nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      while keys[1].status(at: .zero).refreshing > 0 { await Task.yield() }
      one.answer(.success(.keys(try AnswersFixture.fetched("k3"))))
      #expect(
        try await pending.reply() == [
          "ok": true,
          "issuers": [
            [
              "issuer": "one", "url": "https://one.example", "keys": 1, "added": ["k3"], "removed": ["k1"],
              "changed": true,
            ],
            [
              "issuer": "two", "url": "https://two.example", "keys": 2, "added": ["k2"], "removed": [],
              "changed": true,
            ],
          ],
        ])
    }
  }

  @Test("when one fails, ok is false and the error that of the first in the configuration's order")
  func failure() async throws {
    try await run { handler, _ in
      let pending = try ask(handler, #"{"op":"refresh-jwks"}"#)
      let one = try #require(await sources[0].nextCall())
      let two = try #require(await sources[1].nextCall())
      two.answer(.failure(FetchFault(.tlsExpired, found: "two's words")))
      one.answer(.failure(FetchFault(.dnsFailed, found: "one's words")))
      let reply = try await pending.reply()
      #expect(reply.verdict == "refresh_failed")
      #expect(reply["error"]?["message"]?.stringValue?.contains("One's words.") == true)
      let issuers = try #require(reply["issuers"]?.arrayValue)
      #expect(issuers.map { $0["error"]?["fault"] } == ["dns_failed", "tls_expired"])
      #expect(issuers.map { $0["error"]?["code"] } == ["refresh_failed", "refresh_failed"])
    }
  }

  @Test("a refresh joins a fetch under way, of its own kind or another, and costs no second one")
  func joins() async throws {
    try await run { handler, keys in
      let first = try ask(handler, #"{"op":"refresh-jwks","issuer":"one"}"#)
      let call = try #require(await sources[0].nextCall())
      let second = try ask(handler, #"{"op":"refresh-jwks","issuer":"https://one.example"}"#)
      await wait(for: 2, of: keys[0])
      call.answer(.success(.keys(try AnswersFixture.fetched("k1"))))
      for pending in [first, second] {
        let reply = try await pending.reply()
        #expect(reply["ok"] == true)
        #expect(reply["issuers"]?.arrayValue?.count == 1)
      }
      #expect(sources.map(\.fetches) == [2, 1])
    }
  }

  @Test("whatever a provider calls its keys, the reply fits into output_bytes and counts what it leaves out")
  func bounded() async throws {
    // 1,000 names that take six times as many bytes in a reply.
    let names = (0..<1000).map { String(repeating: "\u{7F}", count: 30) + "\($0)" }
    let long = String(repeating: "k", count: 256)
    let keys = ([long] + names).map { #"{"kty":"oct","kid":"\#($0)"}"# }.joined(separator: ",")
    let key = String(decoding: JSONValue.object(try CachedKeys.key(named: "k1").jwk).serialized(), as: UTF8.self)
    let body = Array(#"{"keys":[\#(key),\#(keys)]}"#.utf8)
    let fetched = FetchedKeys(keys: try KeySet(parsing: body, algorithms: [.es256]), body: body, lifetime: nil)
    try await run { handler, _ in
      let pending = try ask(handler, #"{"op":"refresh-jwks"}"#)
      await sources[0].nextCall()?.answer(.success(.keys(fetched)))
      await sources[1].nextCall()?.answer(.failure(FetchFault(.dnsFailed, found: "two's words")))
      let line = await pending.line()
      #expect(line.count <= Self.limits.server.outputBytes && line.count > Self.limits.server.outputBytes - 1000)
      let issuers = try #require(try JSONValue(parsing: line)["issuers"]?.arrayValue)
      #expect(issuers.map { $0["issuer"] } == ["one", "two"])
      let added = try #require(issuers.first?["added"]?.arrayValue)
      #expect(added.count > 100)
      #expect(added.first == .string(String(repeating: "k", count: 40) + "…"))
      #expect(issuers.first?["added_left_out"]?.integerValue == Int64(1000 - added.count))
      #expect(issuers.first?["removed"] == [])
      #expect(issuers.first?["removed_left_out"] == nil)
      #expect(issuers.last?["error"]?["fault"] == "dns_failed")
    }
  }

  @Test("where not even all issuers have room, those that failed are told before others, and the rest counted")
  func boundedIssuers() async throws {
    var limits = Limits()
    limits.server.outputBytes = 700
    try await run(limits) { handler, _ in
      let pending = try ask(handler, #"{"op":"refresh-jwks"}"#)
      await sources[0].nextCall()?.answer(.success(.keys(try AnswersFixture.fetched("k1", "k2"))))
      await sources[1].nextCall()?.answer(.failure(FetchFault(.dnsFailed, found: "two's words")))
      let line = await pending.line()
      #expect(line.count <= 700)
      let reply = try JSONValue(parsing: line)
      #expect(reply["issuers"]?.arrayValue?.map { $0["issuer"] } == ["two"])
      #expect(reply["issuers_left_out"] == 1)
    }
  }
}
