import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

/// Many good tokens at once that need a key which is not there yet.
@Suite struct BurstTests {
  /// A daemon with one issuer whose provider publishes `k1`, and can publish `k2` beside it.
  private struct Scene {
    let provider: FaultyProvider
    let daemon: BuiltProgram
    let directory: ShortDirectory
    let socket: String
    let issuer: DevIssuer

    init(_ provider: FaultyProvider, awaitsKeys: Bool = true, keyWait: String = "60s") throws {
      self.provider = provider
      issuer = DevIssuer(url: provider.issuer, keyStore: KeyRing())
      directory = try ShortDirectory()
      socket = directory.file("b.sock")
      let configuration = """
        ready_wait = "1ms"
        [issuer.idp]
        url = "\(provider.issuer)"
        key_wait = "\(keyWait)"
        timeout = "60s"
        [policy.default]
        audiences = ["api"]
        [limits]
        connections = 1200
        connections_per_uid = 1200
        write_timeout = "300s"

        """
      try Data(configuration.utf8).write(to: URL(filePath: directory.file("b.toml")))
      try Scene.publish(["k1"], provider)
      daemon = try BuiltProgram(
        ["serve", "--config", directory.file("b.toml"), "--socket", socket], environment: [:])
      try #require(daemon.awaitLog("listening"), "\(daemon.errorText)")
      if awaitsKeys {
        let client = try client()
        client.send(Array(try request("k1").utf8))
        #expect(try Scene.counts(1, from: client) == ["ok": 1])
      }
    }

    func client() throws -> SocketClient { try #require(SocketClient(socket)) }

    func publish(_ kids: String...) throws { try Scene.publish(kids, provider) }

    private static func publish(_ kids: [String], _ provider: FaultyProvider) throws {
      let set: JSONValue = ["keys": .array(try kids.map { .object(try CachedKeys.key(named: $0).jwk) })]
      provider.setKeys(String(decoding: set.serialized(), as: UTF8.self))
    }

    /// A request about a good token under a key, or about one that has another name in its header.
    func request(_ kid: String, named name: String? = nil) throws -> String {
      var token = try issuer.mint(.access, key: try CachedKeys.key(named: kid)) { $0.audiences = ["api"] }
      if let name {
        let header = #"{"alg":"ES256","typ":"at+jwt","kid":"\#(name)"}"#
        token = TestKey.base64URL(Array(header.utf8)) + token[(token.firstIndex(of: ".") ?? token.endIndex)...]
      }
      return #"{"id":"\#(name == nil ? "good" : "bogus")","op":"verify","token":"\#(token)"}"# + "\n"
    }

    func end() {
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }

    /// How often each verdict is among the next replies; those of bogus tokens with a mark.
    static func counts(_ count: Int, from client: SocketClient) throws -> [String: Int] {
      var counts: [String: Int] = [:]
      for _ in 0..<count {
        let reply = try JSONValue(parsing: Array(try #require(client.line(), "no reply").utf8))
        let verdict = reply["ok"] == true ? "ok" : reply["error"]?["code"]?.stringValue ?? "?"
        counts[reply["id"] == "bogus" ? "bogus \(verdict)" : verdict, default: 0] += 1
      }
      return counts
    }
  }

  private func run(
    awaitsKeys: Bool = true, keyWait: String = "60s", _ prepare: (FaultyProvider) -> Void = { _ in },
    _ body: @escaping @Sendable (Scene) throws -> Void
  ) async throws {
    let provider = try await FaultyProvider.start()
    prepare(provider)
    try await BlockingThread.run {
      let scene = try Scene(provider, awaitsKeys: awaitsKeys, keyWait: keyWait)
      try body(scene)
      scene.end()
    }
    await provider.stop()
  }

  @Test("1,000 connections keep 8 KiB each at most, after a burst each")
  func keptMemory() async throws {
    try await run { scene in
      let burst = Array(String(repeating: try scene.request("k1"), count: 60).utf8)
      func connectAndAsk() throws -> SocketClient {
        let client = try scene.client()
        client.send(burst)
        #expect(try Scene.counts(60, from: client) == ["ok": 60])
        return client
      }
      // What every loop needs once, and what the allocator takes ahead.
      var clients = try (0..<100).map { _ in try connectAndAsk() }
      let before = try #require(scene.daemon.anonymousMemory)
      clients += try (0..<1000).map { _ in try connectAndAsk() }
      let after = try #require(scene.daemon.anonymousMemory)
      #expect((after - before) / 1000 <= 8192)
    }
  }

  @Test("240 connections with one good token each under a key that was rotated in: all ok, one fetch")
  func connections() async throws {
    try await run { scene in
      try scene.publish("k1", "k2")
      scene.provider.answerNext(.keys, with: .held)
      let line = Array(try scene.request("k2").utf8)
      let clients = try (0..<240).map { _ in try scene.client() }
      for client in clients { client.send(line) }
      // Known tokens are answered meanwhile, on the same connections too.
      let known = Array(try scene.request("k1").utf8)
      clients[0].send(known)
      #expect(try Scene.counts(1, from: clients[0]) == ["ok": 1])
      scene.provider.release()
      for client in clients { #expect(try Scene.counts(1, from: client) == ["ok": 1]) }
      #expect(scene.provider.keyRequests == 2)
    }
  }

  @Test("1,000 pipelined on one connection under a key that was rotated in: all ok, one fetch")
  func pipelined() async throws {
    try await run { scene in
      try scene.publish("k1", "k2")
      scene.provider.answerNext(.keys, with: .held)
      let client = try scene.client()
      client.send(Array(String(repeating: try scene.request("k2"), count: 1000).utf8))
      client.send(Array(try scene.request("k1").utf8))
      #expect(try Scene.counts(1, from: client) == ["ok": 1])
      scene.provider.release()
      #expect(try Scene.counts(1000, from: client) == ["ok": 1000])
      #expect(scene.provider.keyRequests == 2)
    }
  }

  @Test(
    "10,000 under a key that was rotated in, on one connection and on forty: all ok, one fetch", arguments: [1, 40])
  func tenThousand(connections: Int) async throws {
    try await run { scene in
      try scene.publish("k1", "k2")
      scene.provider.answerNext(.keys, with: .held)
      let each = 10_000 / connections
      let lines = Array(String(repeating: try scene.request("k2"), count: each).utf8)
      let clients = try (0..<connections).map { _ in try scene.client() }
      // More than there is room for, so that a client may have to wait until it can send on.
      let writers = clients.map { client in
        // Safe because sending touches nothing that reading does.
        nonisolated(unsafe) let client = client
        return Thread { client.send(lines) }
      }
      for writer in writers { writer.start() }
      let watcher = try scene.client()
      while try watcher.issuerStatus()["waiting"]?.integerValue ?? 0 < 1000 {}
      scene.provider.release()
      for client in clients { #expect(try Scene.counts(each, from: client) == ["ok": each]) }
      #expect(scene.provider.keyRequests == 2)
    }
  }

  @Test("one good token beside ten with made-up kids, 1,100 in all: every good one is ok, one fetch")
  func mixed() async throws {
    try await run { scene in
      try scene.publish("k1", "k2")
      scene.provider.answerNext(.keys, with: .held)
      let client = try scene.client()
      var lines = ""
      let good = try scene.request("k2")
      for number in 0..<1000 {
        if number % 10 == 0 { lines += good }
        lines += try scene.request("k2", named: "bogus\(number)")
      }
      client.send(Array(lines.utf8))
      client.send(Array(try scene.request("k1").utf8))
      #expect(try Scene.counts(1, from: client) == ["ok": 1])
      scene.provider.release()
      #expect(try Scene.counts(1100, from: client) == ["ok": 100, "bogus unknown_key": 1000])
      #expect(scene.provider.keyRequests == 2)
    }
  }

  @Test("240 good tokens before the first keys are there: all ok")
  func start() async throws {
    try await run(awaitsKeys: false) {
      $0.answerNext(.keys, with: .held)
    } _: { scene in
      let line = Array(try scene.request("k1").utf8)
      let clients = try (0..<240).map { _ in try scene.client() }
      for client in clients { client.send(line) }
      scene.provider.release()
      for client in clients { #expect(try Scene.counts(1, from: client) == ["ok": 1]) }
      #expect(scene.provider.keyRequests == 1)
    }
  }

  @Test("a stray kid, and then a good token under a key rotated in since: ok; 300 more cost two fetches")
  func stray() async throws {
    try await run { scene in
      let client = try scene.client()
      client.send(Array(try scene.request("k1", named: "stray").utf8))
      #expect(try Scene.counts(1, from: client) == ["bogus unknown_key": 1])
      try scene.publish("k1", "k2")
      client.send(Array(try scene.request("k2").utf8))
      #expect(try Scene.counts(1, from: client) == ["ok": 1])
      for number in 0..<300 {
        client.send(Array(try scene.request("k1", named: "stray\(number)").utf8))
        #expect(try Scene.counts(1, from: client) == ["bogus unknown_key": 1])
      }
      // The first, and the four that are saved up.
      #expect(scene.provider.keyRequests == 5)
    }
  }

  @Test("a provider that does not answer costs those that need it key_wait, and others nothing")
  func dead() async throws {
    try await run(keyWait: "10s") { scene in
      scene.provider.answerNext(.keys, with: .held)
      let client = try scene.client()
      client.send(Array(String(repeating: try scene.request("k2"), count: 1000).utf8))
      client.send(Array(try scene.request("k1").utf8))
      #expect(try Scene.counts(1, from: client) == ["ok": 1])
      #expect(try Scene.counts(1000, from: client) == ["keys_unavailable": 1000])
      #expect(scene.provider.keyRequests == 2)
    }
  }
}
