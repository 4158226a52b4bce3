import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

/// A refresh that fails changes nothing but what `status` tells of it.
@Suite(.serialized) struct RefreshFaultTests {
  @Test("the keys stay in use, and status tells the fault's code and time", arguments: Trouble.all)
  func changesNothing(_ trouble: Trouble) async throws {
    let certificates = try TestCertificates.shared()
    let provider = try await FaultyProvider.start(identity: certificates.good)
    let url = "https://\(TestCertificates.publicName)"
    provider.present(issuer: url, keysAddress: url + "/jwks")
    let other: FaultyProvider? =
      switch trouble.change {
      case .server(let identity): try await FaultyProvider.start(identity: identity(certificates))
      case .muteServer: try await FaultyProvider.start(isMute: true)
      default: nil
      }
    var table = ["url": url, "ca_file": certificates.authorityFile, "connect_to": "127.0.0.1:\(provider.port)"]
    // Long enough that no busy machine reaches it.
    table["timeout"] = "60s"
    let good = table
    var changed = table
    switch trouble.change {
    case .nothing, .shortTimeout: break
    case .server, .muteServer: changed["connect_to"] = "127.0.0.1:\(other?.port ?? 0)"
    // The discard service: nobody listens there, and no provider of a test is given a port below 1024.
    case .nobody: changed["connect_to"] = "127.0.0.1:9"
    // A label longer than any may be (RFC 1035 section 2.3.4): every resolver says no without asking anyone.
    case .nameWithoutAddress: changed["connect_to"] = "\(String(repeating: "a", count: 64)).test:443"
    case .noProxy:
      // With connect_to on this host no proxy would be asked.
      changed["connect_to"] = nil
      changed["proxy"] = "http://127.0.0.1:9"
    case .noAuthority: changed["ca_file"] = nil
    case .longTimeout: changed["timeout"] = "61s"
    }
    switch trouble.change {
    case .muteServer, .shortTimeout: changed["timeout"] = "200ms"
    default: break
    }
    let bad = changed
    try await BlockingThread.run { try Scene(provider, trouble, url: url, good: good, bad: bad).play() }
    // Nothing of the request was told to a server that could not prove its name.
    #expect(other?.requests.map(\.path) ?? [] == [])
    await provider.stop()
    await other?.stop()
  }

  /// The daemon with a provider that goes bad.
  private struct Scene {
    let provider: FaultyProvider
    let trouble: Trouble
    let url: String
    let good: [String: String]
    let bad: [String: String]

    init(
      _ provider: FaultyProvider, _ trouble: Trouble, url: String, good: [String: String], bad: [String: String]
    ) {
      self.provider = provider
      self.trouble = trouble
      self.url = url
      self.good = good
      self.bad = bad
    }

    func play() throws {
      let directory = try ShortDirectory()
      let key = try CachedKeys.key(named: "k1")
      let set: JSONValue = ["keys": [.object(key.jwk)]]
      provider.setKeys(String(decoding: set.serialized(), as: UTF8.self))
      try write(good, to: directory.file("b.toml"))
      let socket = directory.file("b.sock")
      let daemon = try BuiltProgram(
        ["serve", "--config", directory.file("b.toml"), "--socket", socket], environment: [:])
      try #require(daemon.awaitLog("ready"), "\(daemon.errorText)")
      let client = try #require(SocketClient(socket))
      let token = try DevIssuer(url: url, keyStore: KeyRing()).mint(.access, key: key) { $0.audiences = ["api"] }
      let verdict = try client.ask(["op": "verify", "token": .string(token)])
      #expect(verdict["ok"] == true)
      let before = try client.issuerStatus()
      #expect(before["last_fault"] == nil)

      provider.answer(.discovery, with: trouble.discovery)
      provider.answer(.keys, with: trouble.keys)
      provider.present(issuer: trouble.issuer, keysAddress: trouble.keysAddress)
      if case .nothing = trouble.change {
        let reply = try client.ask(["op": "refresh-jwks"])
        #expect(reply["ok"] == false)
        #expect(reply["error"]?["code"] == "refresh_failed")
        #expect(reply["issuers"]?.arrayValue?.first?["error"]?["fault"] == .string(trouble.code))
      } else {
        try write(bad, to: directory.file("b.toml"))
        daemon.send(SIGHUP)
        try #require(daemon.awaitLog("key refresh failed"), "\(daemon.errorText)")
      }

      let after = try client.issuerStatus()
      let fault = try #require(after["last_fault"])
      #expect(fault["code"] == .string(trouble.code), "\(fault)")
      #expect(fault["message"]?.stringValue?.isEmpty == false)
      // Its time: it was after the last success, which is after the start.
      let age = try #require(fault["age_s"]?.integerValue)
      #expect(age >= 0)
      #expect(age <= (after["last_success_age_s"]?.integerValue ?? -1))
      #expect(fault["consecutive"] == 1)
      #expect(after["failures"] == 1)
      #expect(after["state"] == "fresh")
      #expect(after["activity"] == "backing_off")
      #expect((after["next_attempt_in_s"]?.integerValue ?? -1) >= 0)
      #expect(after["keys"] == before["keys"])
      #expect(after["usable_keys"] == 1)
      let still = try client.ask(["op": "verify", "token": .string(token)])
      #expect(still["ok"] == true)
      #expect(still["claims"] == verdict["claims"])
      #expect(still["stale"] == nil)

      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }

    private func write(_ table: [String: String], to file: String) throws {
      let lines = table.map { "\($0.key) = \"\($0.value)\"" }.sorted()
      let text = (["[issuer.idp]"] + lines + ["[policy.default]", "audiences = [\"api\"]", ""]).joined(separator: "\n")
      try Data(text.utf8).write(to: URL(filePath: file))
    }
  }
}

extension SocketClient {
  /// Sends a request, and waits for its reply.
  func ask(_ request: JSONValue) throws -> JSONValue {
    send(request.serialized() + [0x0A])
    return try JSONValue(parsing: Array(try #require(line(), "no reply").utf8))
  }

  /// What `status` tells of the only issuer.
  func issuerStatus() throws -> JSONValue {
    try #require(try ask(["op": "status"])["issuers"]?.arrayValue?.first)
  }
}
