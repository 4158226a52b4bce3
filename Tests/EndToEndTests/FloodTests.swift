import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

/// Thousands of made-up kids on one connection, with good tokens between them.
@Suite struct FloodTests {
  private static let bogusTokens = 10_000
  private static let batch = 100
  /// Long enough that ten thousand of them are noticed in memory.
  private static let kidPadding = String(repeating: "x", count: 2000)

  @Test("10,000 bogus kids cost one fetch and no memory to speak of, and good tokens are answered meanwhile")
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

      // The provider is slow: the first sixteen wait for it (waiting_per_issuer), all others are refused at once.
      provider.answerNext(.keys, with: .held)
      var counts = try Self.ask(about: 0..<Self.bogusTokens, good, client, stillWaiting: 16)
      #expect(counts == ["ok": 100, "keys_unavailable": Self.bogusTokens - 16])
      #expect(try client.issuerStatus()["waiting"] == 16)
      provider.release()
      counts = try Self.read(16, from: client)
      #expect(counts == ["unknown_key": 16])

      // The kids are known to be unknown; until the cool-down is over, so is any other.
      counts = try Self.ask(about: Self.bogusTokens..<Self.bogusTokens + 1000, good, client, stillWaiting: 0)
      #expect(counts == ["ok": 10, "unknown_key": 1000])
      let status = try client.issuerStatus()
      #expect(status["fetches"] == 2)
      #expect(status["waiting"] == 0)
      #expect(provider.keyRequests == 2)
      let after = try #require(daemon.anonymousMemory)
      // The kids alone are 20 MB.
      #expect(after - before < 8_000_000, "\(before) bytes grew to \(after)")

      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
    await provider.stop()
  }

  @Test("waits for several slow issuers leave half of a connection's requests to good tokens")
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

      // Four times waiting_per_issuer is in_flight: without a bound on them all, nothing more would be read.
      for provider in providers.prefix(4) { provider.answerNext(.keys, with: .held) }
      var lines = ""
      for token in tokens.prefix(4) {
        for number in 0..<16 { lines += Self.request("bogus", Self.token(token, withKid: "bogus\(number)")) }
      }
      lines += Self.request("good", tokens[4])
      client.send(Array(lines.utf8))
      #expect(try Self.read(33, from: client) == ["keys_unavailable": 32, "ok": 1])

      // What was refused has its fetch all the same: the first of the third and of the fourth began it. Each provider was
      // asked for its discovery document and its keys before.
      let haveAsked = DispatchSemaphore(value: 0)
      Task {
        for provider in providers.prefix(4) { _ = await provider.request(3) }
        haveAsked.signal()
      }
      haveAsked.wait()
      for provider in providers.prefix(4) { provider.release() }
      #expect(try Self.read(32, from: client) == ["unknown_key": 32])
      for provider in providers.prefix(4) { #expect(provider.keyRequests == 2) }

      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
    for provider in providers { await provider.stop() }
  }

  /// Asks about a token with each of these kids, and about the good one after each batch; returns the count of each
  /// verdict, but for those of the first so many, which still wait.
  private static func ask(
    about numbers: Range<Int>, _ good: String, _ client: SocketClient, stillWaiting: Int
  ) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: batch) {
      var lines = ""
      for number in start..<start + batch {
        lines += request("bogus", token(good, withKid: "\(number)-\(kidPadding)"))
      }
      lines += request("good", good)
      client.send(Array(lines.utf8))
      let missing = start == numbers.lowerBound ? stillWaiting : 0
      counts.merge(try read(batch + 1 - missing, from: client), uniquingKeysWith: +)
    }
    return counts
  }

  private static func request(_ id: String, _ token: String) -> String {
    #"{"id":"\#(id)","op":"verify","token":"\#(token)"}"# + "\n"
  }

  /// The token with another header, which its signature does not fit.
  private static func token(_ token: String, withKid kid: String) -> String {
    let header = #"{"alg":"ES256","typ":"at+jwt","kid":"\#(kid)"}"#
    return Base64URL.encode(Array(header.utf8)) + token[(token.firstIndex(of: ".") ?? token.endIndex)...]
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
