import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

/// Floods keep both processors busy, and what their requests time out by is real time: they run one at a time.
@Suite(.serialized) enum Floods {}

extension Floods {
  /// Thousands of made-up kids on one connection, with good tokens between them.
  @Suite struct FloodTests {
    private static let bogusTokens = 5_000
    private static let batch = 100
    private static let batches = bogusTokens / batch
    /// Long enough that all of them are noticed in memory.
    private static let kidPadding = String(repeating: "x", count: 4000)

    @Test(
      "5,000 bogus kids cost one fetch, one past caches, and bounded memory, and good tokens are answered meanwhile")
    func flood() async throws {
      let provider = try await FaultyProvider.start()
      try await BlockingThread.run {
        let key = try CachedKeys.key(named: "k1")
        let set: JSONValue = ["keys": [.object(key.jwk)]]
        provider.setKeys(String(decoding: set.serialized(), as: UTF8.self))
        let directory = try ShortDirectory()
        let file = directory.file("b.toml")
        let configuration = """
          [issuer.idp]
          url = "\(provider.issuer)"
          unknown_key_cooldown = "1h"
          key_wait = "60s"
          timeout = "60s"
          [policy.default]
          audiences = ["api"]

          """
        try Data(configuration.utf8).write(to: URL(filePath: file))
        let socket = directory.file("b.sock")
        let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:])
        try #require(daemon.awaitLog("ready"), "\(daemon.errorText)")
        let client = try #require(SocketClient(socket))
        let minter = DevIssuer(url: provider.issuer, keyStore: KeyRing())
        let good = try minter.mint(.access, key: key) { $0.audiences = ["api"] }
        let before = try #require(daemon.anonymousMemory)

        // The provider is slow: the newest kids wait for it and displace the oldest.
        provider.answerNext(.keys, with: .held)
        var counts = try Self.ask(about: 0..<Self.bogusTokens, good, client)
        let waiting = try #require(try client.issuerStatus()["waiting"]?.integerValue)
        let during = try #require(daemon.anonymousMemory)
        print("\(waiting) waits of 6,000 bytes each cost \((during - before) / Int(waiting)) bytes each")
        provider.release()
        counts.merge(
          try Self.read(Self.bogusTokens + Self.batches - counts.values.reduce(0, +), from: client), uniquingKeysWith: +
        )
        #expect(counts["ok"] == Self.batches)
        #expect(counts["unknown_key"] == Int(waiting))
        #expect(counts["keys_unavailable"] == Self.bogusTokens - Int(waiting))

        // The kids that waited are known to be unknown.
        counts = try Self.ask(about: Self.bogusTokens - 500..<Self.bogusTokens, good, client)
        counts.merge(try Self.read(505 - counts.values.reduce(0, +), from: client), uniquingKeysWith: +)
        #expect(counts == ["ok": 5, "unknown_key": 500])
        let status = try client.issuerStatus()
        // The first, one for all kids, and because it brought none of them, one past caches.
        #expect(status["fetches"] == 3)
        #expect(status["waiting"] == 0)
        #expect(provider.keyRequests == 3)
        let after = try #require(daemon.anonymousMemory)
        // The kids alone are 20 MB.
        #expect(after - before < 16_777_216, "\(before) bytes grew to \(after)")

        daemon.send(SIGTERM)
        #expect(daemon.end()?.status == 0)
      }
      await provider.stop()
    }

    @Test("whatever waits for several slow issuers, good tokens of another are answered")
    func severalSlowIssuers() async throws {
      var providers: [FaultyProvider] = []
      for _ in 0..<5 { providers.append(try await FaultyProvider.start()) }
      let key = try CachedKeys.key(named: "k1")
      let set: JSONValue = ["keys": [.object(key.jwk)]]
      for provider in providers { provider.setKeys(String(decoding: set.serialized(), as: UTF8.self)) }
      try await BlockingThread.run { [providers] in
        let directory = try ShortDirectory()
        let file = directory.file("b.toml")
        var configuration = ""
        for (number, provider) in providers.enumerated() {
          configuration += """
            [issuer.i\(number)]
            url = "\(provider.issuer)"
            key_wait = "60s"
            timeout = "60s"

            """
        }
        configuration += """
          [policy.default]
          issuers = ["i0", "i1", "i2", "i3", "i4"]
          audiences = ["api"]

          """
        try Data(configuration.utf8).write(to: URL(filePath: file))
        let socket = directory.file("b.sock")
        let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:])
        try #require(daemon.awaitLog("ready"), "\(daemon.errorText)")
        let client = try #require(SocketClient(socket))
        let tokens = try providers.map { provider in
          try DevIssuer(url: provider.issuer, keyStore: KeyRing()).mint(.access, key: key) { $0.audiences = ["api"] }
        }
        // Whoever asks before the first keys are there waits for them.
        for token in tokens { client.send(Array(Self.request("good", token).utf8)) }
        #expect(try Self.read(5, from: client) == ["ok": 5])

        // Twice as many as in_flight.
        for provider in providers.prefix(4) { provider.answerNext(.keys, with: .held) }
        var lines = ""
        for token in tokens.prefix(4) {
          for number in 0..<32 { lines += Self.request("bogus", Self.token(token, withKid: "bogus\(number)")) }
        }
        lines += Self.request("good", tokens[4])
        client.send(Array(lines.utf8))
        #expect(try Self.read(1, from: client) == ["ok": 1])
        for provider in providers.prefix(4) { provider.release() }
        #expect(try Self.read(128, from: client) == ["unknown_key": 128])
        for provider in providers.prefix(4) { #expect(provider.keyRequests == 3) }

        daemon.send(SIGTERM)
        #expect(daemon.end()?.status == 0)
      }
      for provider in providers { await provider.stop() }
    }

    /// Asks about a token with each of these kids, and about the good one after each batch; returns the count of each
    /// verdict that came until the last of the good ones had come.
    private static func ask(
      about numbers: Range<Int>, _ good: String, _ client: SocketClient
    ) throws -> [String: Int] {
      var counts: [String: Int] = [:]
      for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: batch) {
        var lines = ""
        for number in start..<start + batch {
          lines += request("bogus", token(good, withKid: "\(number)-\(kidPadding)"))
        }
        lines += request("good", good)
        client.send(Array(lines.utf8))
        let before = counts["ok", default: 0]
        while counts["ok", default: 0] == before { counts.merge(try read(1, from: client), uniquingKeysWith: +) }
      }
      return counts
    }

    private static func request(_ id: String, _ token: String) -> String {
      #"{"id":"\#(id)","op":"verify","token":"\#(token)"}"# + "\n"
    }

    /// The token with another header, which its signature does not fit.
    private static func token(_ token: String, withKid kid: String) -> String {
      let header = #"{"alg":"ES256","typ":"at+jwt","kid":"\#(kid)"}"#
      return TestKey.base64URL(Array(header.utf8)) + token[(token.firstIndex(of: ".") ?? token.endIndex)...]
    }

    /// How often each verdict is among the next replies; a good one counts only for the good token.
    private static func read(_ count: Int, from client: SocketClient) throws -> [String: Int] {
      var counts: [String: Int] = [:]
      for _ in 0..<count {
        let reply = try JSONValue(parsing: Array(try #require(client.line(), "no reply").utf8))
        let isGood = reply["id"] == "good" && reply["ok"] == true
        counts[isGood ? "ok" : reply["error"]?["code"]?.stringValue ?? "?", default: 0] += 1
      }
      return counts
    }
  }
}
