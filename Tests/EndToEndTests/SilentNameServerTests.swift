import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

/// A name server that takes questions and never answers, for a daemon that sees a `resolv.conf` of its own.
@Suite(.enabled(if: hasNamespaces && SilentNameServer() != nil)) struct SilentNameServerTests {
  @Test("names that nobody answers for delay no other issuer's fetches")
  func silent() async throws {
    let provider = try await FaultyProvider.start()
    try await BlockingThread.run {
      let server = try #require(SilentNameServer())
      let directory = try ShortDirectory()
      try Data("nameserver \(SilentNameServer.address)\n".utf8).write(to: URL(filePath: directory.file("resolv.conf")))
      var configuration = ""
      for number in 1...3 {
        configuration += """
          [issuer.dead\(number)]
          url = "https://dead\(number).bearerd.test"

          """
      }
      configuration += """
        [issuer.idp]
        url = "\(provider.issuer)"
        key_wait = "20s"
        [policy.default]
        issuers = ["idp"]
        audiences = ["api"]

        """
      try Data(configuration.utf8).write(to: URL(filePath: directory.file("b.toml")))
      let kids = (0..<4).map { "k\($0)" }
      func publish(_ count: Int) throws {
        let keys = try kids.prefix(count).map { JSONValue.object(try CachedKeys.key(named: $0).jwk) }
        provider.setKeys(String(decoding: JSONValue.object(["keys": .array(keys)]).serialized(), as: UTF8.self))
      }
      try publish(1)
      let daemon = try BuiltProgram(
        ["serve", "--config", directory.file("b.toml"), "--socket", directory.file("b.sock")], environment: [:],
        by: [
          "unshare", "-Urm", "sh", "-c",
          "mount --bind '\(directory.file("resolv.conf"))' /etc/resolv.conf && exec \"$0\" \"$@\"",
        ])
      try #require(daemon.awaitListening(), "\(daemon.errorText)")
      try #require(server.awaitQuestion())
      let client = try #require(SocketClient(directory.file("b.sock")))
      let issuer = DevIssuer(url: provider.issuer, keyStore: KeyRing())
      // A fetch each, while the names are being looked up.
      for (number, kid) in kids.enumerated() {
        try publish(number + 1)
        let token = try issuer.mint(.access, key: try CachedKeys.key(named: kid)) { $0.audiences = ["api"] }
        #expect(try client.ask(["op": "verify", "token": .string(token)])["ok"] == true)
      }
      #expect(provider.keyRequests == 4)
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
    await provider.stop()
  }
}

/// A UDP socket at the port of DNS; `nil` where that is not allowed.
private final class SilentNameServer {
  static let address = "127.0.0.77"
  private let descriptor: CInt

  init?() {
    descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(53).bigEndian
    inet_pton(AF_INET, Self.address, &address.sin_addr)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status != 0 { return nil }
  }

  deinit { close(descriptor) }

  /// Waits for a question.
  func awaitQuestion() -> Bool {
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&event, 1, 60_000) == 1
  }
}
