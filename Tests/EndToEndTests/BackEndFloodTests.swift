import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

extension Floods {
  /// Many opaque tokens at once, and what they may cost the provider, the daemon and each other.
  @Suite struct BackEndFloodTests {
    /// A daemon whose issuer is asked about opaque tokens, and calls active what begins with `good`.
    private struct Scene {
      let provider: FaultyProvider
      let daemon: BuiltProgram
      private let directory: ShortDirectory
      private let socket: String

      init(_ provider: FaultyProvider, callsPerSecond: Int) throws {
        self.provider = provider
        provider.setBackEndAnswer { request in
          request.body.hasPrefix("token=good")
            ? #"{"active":true,"sub":"u","aud":"api","exp":4000000000}"# : #"{"active":false}"#
        }
        let keys: JSONValue = ["keys": [.object(try CachedKeys.key(named: "k1").jwk)]]
        provider.setKeys(String(decoding: keys.serialized(), as: UTF8.self))
        directory = try ShortDirectory()
        socket = directory.file("b.sock")
        let configuration = """
          [issuer.idp]
          url = "\(provider.issuer)"
          key_wait = "60s"
          timeout = "60s"
          [issuer.idp.introspection]
          kind = "rfc7662"
          endpoint = "\(provider.origin)/introspect"
          client_auth = "none"
          cache = "1h"
          calls_per_second = \(callsPerSecond)
          [policy.default]
          audiences = ["api"]
          opaque = true
          # Answers are remembered, however little memory the tests' control group may have.
          [limits]
          token_cache_bytes = 16777216

          """
        try Data(configuration.utf8).write(to: URL(filePath: directory.file("b.toml")))
        daemon = try BuiltProgram(
          ["serve", "--config", directory.file("b.toml"), "--socket", socket], environment: [:])
        try #require(daemon.awaitLog("ready"), "\(daemon.errorText)")
      }

      func client() throws -> SocketClient { try #require(SocketClient(socket)) }

      static func line(_ token: String) -> String {
        #"{"id":"\#(token.prefix(16))","op":"verify","token":"\#(token)"}"# + "\n"
      }

      /// How often each verdict is among the next replies, tokens that begin with `good` apart from others.
      static func counts(_ count: Int, from client: SocketClient) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for _ in 0..<count {
          let reply = try JSONValue(parsing: Array(try #require(client.line(), "no reply").utf8))
          let kind = reply["id"]?.stringValue?.hasPrefix("good") == true ? "good" : "bad"
          counts["\(kind) \(reply["ok"] == true ? "ok" : reply["error"]?["code"]?.stringValue ?? "?")", default: 0] += 1
        }
        return counts
      }

      func end() {
        daemon.send(SIGTERM)
        #expect(daemon.end()?.status == 0)
      }
    }

    private func run(callsPerSecond: Int, _ body: @escaping @Sendable (Scene) throws -> Void) async throws {
      let provider = try await FaultyProvider.start()
      try await BlockingThread.run {
        let scene = try Scene(provider, callsPerSecond: callsPerSecond)
        try body(scene)
        scene.end()
      }
      await provider.stop()
    }

    @Test("a thousand requests for one unknown token at once make one call, and all get its answer")
    func oneCall() async throws {
      try await run(callsPerSecond: 1) { scene in
        scene.provider.answer(.backEnd, with: .held)
        let clients = try (0..<4).map { _ in try scene.client() }
        for client in clients { client.send(Array(String(repeating: Scene.line("good"), count: 250).utf8)) }
        let watcher = try scene.client()
        while try watcher.issuerStatus()["introspection"]?["waiting"]?.integerValue ?? 0 < 1000 {}
        scene.provider.release()
        for client in clients { #expect(try Scene.counts(250, from: client) == ["good ok": 250]) }
        #expect(scene.provider.backEndRequests.count == 1)
      }
    }

    @Test("10,000 made-up tokens beside 1,000 good ones: calls within the budget, every good one ok, bounded memory")
    func flood() async throws {
      let callsPerSecond = 2000
      try await run(callsPerSecond: callsPerSecond) { scene in
        let client = try scene.client()
        for start in stride(from: 0, to: 1000, by: 100) {
          client.send(Array((start..<start + 100).map { Scene.line("good\($0)") }.joined().utf8))
          #expect(try Scene.counts(100, from: client) == ["good ok": 100])
        }
        #expect(scene.provider.backEndRequests.count == 1000)
        let before = try #require(scene.daemon.anonymousMemory)
        let start = ContinuousClock.now
        let padding = String(repeating: "x", count: 2000)
        var counts: [String: Int] = [:]
        for batch in 0..<100 {
          var lines = (0..<100).map { Scene.line("bad\(batch * 100 + $0)-\(padding)") }
          for number in 0..<10 { lines.insert(Scene.line("good\(batch * 10 + number)"), at: number * 10) }
          client.send(Array(lines.joined().utf8))
          counts.merge(try Scene.counts(110, from: client), uniquingKeysWith: +)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        #expect(counts["good ok"] == 1000)
        #expect(Set(counts.keys).isSubset(of: ["good ok", "bad inactive_token", "bad introspection_unavailable"]))
        #expect(counts.values.reduce(0, +) == 11_000)
        // None for what is known; for the rest what a second allows at once, and then what time gives.
        let calls = scene.provider.backEndRequests.count - 1000
        #expect(Double(calls) <= Double(callsPerSecond) * (1 + seconds), "\(calls) in \(seconds) s")
        #expect(calls == counts["bad inactive_token", default: 0])
        // The made-up tokens alone are 20 MB.
        let after = try #require(scene.daemon.anonymousMemory)
        #expect(after - before < 12_582_912, "\(before) bytes grew to \(after)")
      }
    }

    @Test("a back-end that hangs holds up neither known tokens nor JWTs, on the same connection")
    func hanging() async throws {
      try await run(callsPerSecond: 1000) { scene in
        let client = try scene.client()
        client.send(Array(Scene.line("good").utf8))
        #expect(try Scene.counts(1, from: client) == ["good ok": 1])
        scene.provider.answer(.backEnd, with: .held)
        client.send(Array((0..<100).map { Scene.line("bad\($0)") }.joined().utf8))
        _ = try scene.client().issuerStatus()
        client.send(Array(Scene.line("good").utf8))
        #expect(try Scene.counts(1, from: client) == ["good ok": 1])
        let issuer = DevIssuer(url: scene.provider.issuer, keyStore: KeyRing())
        let jwt = try issuer.mint(.access, key: try CachedKeys.key(named: "k1")) { $0.audiences = ["api"] }
        client.send(Array(#"{"id":"good","op":"verify","token":"\#(jwt)"}"#.utf8) + [0x0A])
        #expect(try Scene.counts(1, from: client) == ["good ok": 1])
        scene.provider.release()
        #expect(try Scene.counts(100, from: client) == ["bad inactive_token": 100])
      }
    }
  }
}
