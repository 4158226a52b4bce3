import BearerConfiguration
import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTOML
import BearerTestKit
import Foundation
import Testing

@testable import bearerd

/// `bearerd init` and `bearerd try` against a real provider and a real daemon.
@Suite struct InitAndTryTests {
  private static func provider(_ algorithms: [SigningAlgorithm] = [.es256]) async throws -> FaultyProvider {
    let provider = try await FaultyProvider.start()
    let keys = try algorithms.map { JSONValue.object(try CachedKeys.key($0).jwk) }
    let set: JSONValue = ["keys": .array(keys)]
    provider.setKeys(String(decoding: set.serialized(), as: UTF8.self))
    return provider
  }

  @Test("init writes a configuration that check takes, and leaves a file that exists as it is")
  func writes() async throws {
    let provider = try await Self.provider([.es256, .rs256])
    let directory = try ShortDirectory()
    let file = directory.file("b.toml")
    let arguments = ["init", provider.issuer, "--audience", "a\"b", "--output", file]
    let run = try await CommandLineTests.run(arguments)
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output == "")
    #expect(
      try String(contentsOfFile: file, encoding: .utf8) == """
        # Written by bearerd init. `bearerd check` tries it; every key is in the README.

        [issuer.provider]
        url = "\(provider.issuer)"
        algorithms = ["RS256", "ES256"]

        [policy.default]
        issuers = ["provider"]
        audiences = ["a\\"b"]

        """)
    #expect(try await CommandLineTests.run(["check", "--config", file]).status == 0)

    let again = try await CommandLineTests.run(arguments)
    #expect(again.status == 73)
    #expect(again.error.hasSuffix("bearerd: \(file) exists and is left as it is; choose another place with --output\n"))
    await provider.stop()
  }

  @Test(
    "init takes the issuer's own spelling, from whatever a person writes",
    arguments: ["/", "/.well-known/openid-configuration"])
  func spelling(_ suffix: String) async throws {
    let provider = try await Self.provider()
    let run = try await CommandLineTests.run(["init", provider.issuer + suffix, "--output", "-"])
    #expect(run.status == 0, "\(run.error)")
    #expect(
      run.output == """
        # Written by bearerd init. `bearerd check` tries it; every key is in the README.

        [issuer.provider]
        url = "\(provider.issuer)"
        algorithms = ["ES256"]

        [policy.default]
        issuers = ["provider"]
        audiences = []   # FILL IN what the tokens for this application have as aud

        """)
    await provider.stop()
  }

  @Test("init believes no name that its owner does not stand by, and writes nothing then")
  func foreignName() async throws {
    let provider = try await Self.provider()
    let file = try ShortDirectory().file("b.toml")
    let url = provider.issuer
    provider.present(issuer: "https://elsewhere.invalid")
    let run = try await CommandLineTests.run(["init", url, "--output", file])
    #expect(run.status == 75)
    #expect(run.error.contains("(issuer_mismatch)"))
    #expect(run.error.hasSuffix("bearerd: nothing was written: the issuer cannot be used as it is\n"))
    #expect(!FileManager.default.fileExists(atPath: file))
    await provider.stop()
  }

  @Test("try asks about every policy, and says what stands in the way of each")
  func everyPolicy() async throws {
    let provider = try await Self.provider()
    let directory = try ShortDirectory()
    let (file, socket) = (directory.file("b.toml"), directory.file("b.sock"))
    let configuration = """
      [issuer.idp]
      url = "\(provider.issuer)"
      [policy.default]
      audiences = ["api"]
      [policy.admin]
      audiences = ["api"]
      scopes = ["admin"]

      """
    try Data(configuration.utf8).write(to: URL(filePath: file))
    let key = try CachedKeys.key()
    let good = try DevIssuer(url: provider.issuer, keyStore: KeyRing()).mint(.access, key: key) {
      $0.audiences = ["api"]
    }
    let foreign = try DevIssuer(url: "https://a.example", keyStore: KeyRing()).mint(.access, key: key) {
      $0.audiences = ["x"]
    }
    let environment = ["BEARERD_SOCKET": socket]
    let (taken, refused) = try await withDaemon(file, socket) {
      (
        try await CommandLineTests.run(["try", "-"], environment: environment, input: good + "\n"),
        try await CommandLineTests.run(["try", "-"], environment: environment, input: foreign)
      )
    }
    #expect(taken.status == 0)
    #expect(taken.error == "")
    let words = taken.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(words.contains("iss \(provider.issuer)"))
    #expect(words.contains("policy default"))
    #expect(words.contains { $0.hasPrefix("✓ good policy default, issuer idp, expires in") })
    #expect(words.contains("✗ refused insufficient_scope"))
    #expect(!taken.output.contains("[issuer."))

    #expect(refused.status == 1)
    #expect(
      refused.output.hasSuffix(
        """
        No issuer of the configuration has this name. If you trust it, and only then,
        these lines would have such tokens taken. Compare them with what your provider
        told you: anybody can write a token.

          [issuer.a]
          url = "https://a.example"
          algorithms = ["ES256"]

          # Requests must name this policy.
          [policy.a]
          issuers = ["a"]
          audiences = ["x"]

        """))
    await provider.stop()
  }

  /// Runs a daemon for as long as `body` takes.
  private func withDaemon<Value: Sendable>(
    _ file: String, _ socket: String, _ body: () async throws -> Value
  ) async throws -> Value {
    let daemon = try await BlockingThread.run {
      let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:])
      try #require(daemon.awaitLog("ready"), "\(daemon.errorText)")
      return UncheckedDaemon(daemon)
    }
    let value = try await body()
    try await BlockingThread.run {
      daemon.program.send(SIGTERM)
      #expect(daemon.program.end()?.status == 0)
    }
    return value
  }

  /// Safe because one thread at a time has it.
  private struct UncheckedDaemon: @unchecked Sendable {
    let program: BuiltProgram
    init(_ program: BuiltProgram) { self.program = program }
  }

  // MARK: Parts

  @Test(
    "what a token is, is told by its form",
    arguments: [
      ("", UnverifiedToken.Form.opaque), ("abc", .opaque), ("a.b", .other), ("a.b.c", .other), ("e30.e30.", .jwt),
      ("e30.W10.", .other), ("e30.e30.x", .jwt), ("e30.a.b.c.d", .jwe), ("a.a.b.c.d", .other),
      ("e30.a.b.c.d.e", .other),
    ])
  func forms(_ token: String, _ form: UnverifiedToken.Form) {
    #expect(UnverifiedToken(token).form == form)
  }

  @Test(
    "a proposal names its issuer after the host",
    arguments: [
      ("https://login.example.org/x", "example"), ("https://127.0.0.1:8443", "provider"), ("urn:x", "provider"),
      ("https://[::1]/", "provider"), ("https://my-project.authgear.cloud", "my-project"),
    ])
  func names(_ url: String, _ name: String) {
    #expect(ConfigurationProposal(url: url).name == name)
  }

  @Test("a hostile name cannot end its string in the configuration, nor disturb a terminal")
  func quoting() throws {
    let hostile = "https://a\"\n[x]\u{1B}[2J\u{202E}\\\u{7F}"
    var proposal = ConfigurationProposal(url: hostile)
    proposal.audiences = [hostile]
    let lines = proposal.lines()
    #expect(lines.allSatisfy { Style.harmless($0) == $0 })
    let table = try TOMLReader.read(Array(lines.joined(separator: "\n").utf8))
    #expect(table.entries.map(\.key) == ["issuer", "policy"])
  }

  @Test("what is proposed beside a configuration repeats none of its tables, and is no answer to a slash")
  func besides() throws {
    let payload = Data(#"{"iss":"https://id.a.example"}"#.utf8).base64EncodedString().replacing("=", with: "")
    let token = UnverifiedToken("e30.\(payload).x")
    func lines(_ issuers: [String], _ names: Set<String>, _ policies: [String]) -> [String] {
      let replies = policies.map { TokenAdvice.PolicyReply(policy: $0, reply: ["ok": false]) }
      return TokenAdvice(token: token, issuers: issuers, issuerNames: names, replies: replies).lines()
        .filter { $0.hasPrefix("  [") || $0.hasPrefix("  issuers") }
    }
    #expect(lines([], [], []) == ["  [issuer.a]", "  [policy.default]", "  issuers = [\"a\"]"])
    #expect(
      lines(["https://b.example"], ["a", "a2"], ["default", "a3"])
        == ["  [issuer.a3]", "  [policy.a32]", "  issuers = [\"a3\"]"])
    #expect(lines(["https://id.a.example/"], ["a"], ["default"]).isEmpty)
  }

  @Test("where access tokens have no aud, the clients are to be filled in")
  func clients() {
    let url = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x"
    #expect(
      ConfigurationProposal(url: url, algorithms: ["RS256"], preset: .cognito).lines().suffix(2)
        == ["audience_check = false", "clients = []   # FILL IN the ids of the clients whose tokens you accept"])
    // ID tokens have one.
    #expect(
      ConfigurationProposal(url: url, audiences: ["web"], preset: .cognito).lines().last == #"audiences = ["web"]"#)
  }

  @Test("neither none nor HMAC is ever proposed")
  func algorithms() {
    for (header, expected) in [
      (#"{"alg":"none"}"#, false), (#"{"alg":"HS256"}"#, false), (#"{"alg":"PS256"}"#, true),
    ] {
      let parts = [header, #"{"iss":"https://a.example"}"#].map {
        Data($0.utf8).base64EncodedString().replacing("=", with: "")
      }
      let advice = TokenAdvice(token: UnverifiedToken(parts.joined(separator: ".") + ".x"), issuers: [], replies: [])
      #expect(advice.lines().contains { $0.contains("algorithms") } == expected)
    }
  }
}
