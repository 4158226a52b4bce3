import BearerJSON
import BearerProviderKit
import BearerSocketKit
import BearerTestKit
import Foundation
import Testing

/// What the service manager is told, by a socket that stands where its own would.
@Suite struct NotificationTests {
  @Test("a reload before the daemon is ready does not make it ready")
  func reloadBeforeReady() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let manager = try ServiceManagerSocket(directory.file("n.sock"))
      let file = directory.file("b.toml")
      let configuration = """
        ready_wait = "300s"
        [issuer.idp]
        url = "http://127.0.0.1:9"
        [policy.default]
        audiences = ["api"]

        """
      try Data(configuration.utf8).write(to: URL(filePath: file))
      let daemon = try BuiltProgram(
        ["serve", "--config", file, "--socket", directory.file("b.sock")],
        environment: ["NOTIFY_SOCKET": directory.file("n.sock")])
      try #require(daemon.awaitLog("listening"), "\(daemon.errorText)")
      daemon.send(SIGHUP)
      try #require(daemon.awaitLog("configuration reloaded"), "\(daemon.errorText)")
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
      #expect(
        manager.received() == [
          ["EXTEND_TIMEOUT_USEC=330000000", "STATUS=starting: waiting for the keys of idp"], ["STOPPING=1"],
        ])
    }
  }

  @Test("a reload of a daemon that is ready is told, and so is a status that changes")
  func reloadAfterReady() async throws {
    let provider = try await FaultyProvider.start()
    provider.setKeys(TestKey.set(try TestKey(kid: "k1")))
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let manager = try ServiceManagerSocket(directory.file("n.sock"))
      let daemon = try BuiltProgram(
        ["serve", "--issuer", provider.issuer, "--audience", "api", "--socket", directory.file("b.sock")],
        environment: ["NOTIFY_SOCKET": directory.file("n.sock")])
      try #require(daemon.awaitLog("notice: ready"), "\(daemon.errorText)")
      daemon.send(SIGHUP)
      try #require(daemon.awaitLog("configuration reloaded"), "\(daemon.errorText)")
      provider.answer(.keys, with: .status(503))
      let client = try #require(SocketClient(directory.file("b.sock")))
      #expect(try client.ask(["op": "refresh-jwks"])["ok"] == false)
      while try #require(manager.next()).first?.contains("refresh fails (http_status, 1 times)") != true {}
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
      let messages = manager.received()
      #expect(messages.last == ["STOPPING=1"])
      let told = manager.past.flatMap(\.self)
      let reloading = try #require(told.firstIndex(of: "RELOADING=1"))
      #expect(told[reloading + 1].hasPrefix("MONOTONIC_USEC="))
      #expect(told[..<reloading].count { $0 == "READY=1" } == 1)
      #expect(told[reloading...].count { $0 == "READY=1" } == 1)
    }
    await provider.stop()
  }

  @Test("a reload that drops the issuer whose keys were waited for makes the daemon ready")
  func reloadWhileWaiting() async throws {
    let provider = try await FaultyProvider.start()
    provider.setKeys(TestKey.set(try TestKey(kid: "k1")))
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let manager = try ServiceManagerSocket(directory.file("n.sock"))
      let file = directory.file("b.toml")
      let good = """
        ready_wait = "300s"
        [policy.default]
        issuers = ["idp"]
        audiences = ["api"]
        [issuer.idp]
        url = "\(provider.issuer)"

        """
      let dead = "[issuer.dead]\nurl = \"http://127.0.0.1:9\"\n"
      try Data((good + dead).utf8).write(to: URL(filePath: file))
      let daemon = try BuiltProgram(
        ["serve", "--config", file, "--socket", directory.file("b.sock")],
        environment: ["NOTIFY_SOCKET": directory.file("n.sock")])
      #expect(try #require(manager.next()).last == "STATUS=starting: waiting for the keys of idp, dead")
      try #require(daemon.awaitLog("key set replaced"), "\(daemon.errorText)")
      try Data(good.utf8).write(to: URL(filePath: file))
      daemon.send(SIGHUP)
      try #require(daemon.awaitLog("notice: ready"), "\(daemon.errorText)")
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
      let messages = manager.received()
      #expect(messages.first == ["READY=1"])
      #expect(messages.flatMap(\.self).count { $0 == "READY=1" } == 1)
      #expect(!messages.flatMap(\.self).contains("RELOADING=1"))
      #expect(messages.last == ["STOPPING=1"])
    }
    await provider.stop()
  }

  @Test(
    "with 500 issuers every datagram is small, READY=1 is alone in its own, what is wrong comes first, and all files share one inotify instance"
  )
  func manyIssuers() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let manager = try ServiceManagerSocket(directory.file("n.sock"))
      let file = directory.file("b.toml")
      let keys = directory.file("keys.json")
      try Data(TestKey.set(try TestKey(kid: "k1")).utf8).write(to: URL(filePath: keys))
      let fine = (0..<499).map { number in
        "[issuer.a-name-of-common-length-\(number)]\nurl = \"https://\(number).example\"\njwks_file = \"\(keys)\"\n"
      }
      let configuration =
        "ready_wait = \"1s\"\n[policy.default]\nissuers = [\"dead\"]\naudiences = [\"api\"]\n" + fine.joined()
      try Data((configuration + "[issuer.dead]\nurl = \"http://127.0.0.1:9\"\n").utf8).write(to: URL(filePath: file))
      let daemon = try BuiltProgram(
        ["serve", "--config", file, "--socket", directory.file("b.sock")],
        environment: ["NOTIFY_SOCKET": directory.file("n.sock")])
      while try #require(manager.next()) != ["READY=1"] {}
      // At first some of the others may have no keys yet, on a busy machine.
      var status = ""
      while !status.hasPrefix("STATUS=dead: NO keys yet, tokens cannot be verified") || !status.hasSuffix(" more fine")
      {
        status = try #require(manager.next()?.first)
      }
      // Of 128 that a user has.
      #expect(try daemon.descriptors(to: "anon_inode:inotify") == 1)

      // A reload that is refused for a thousand faults.
      let wrong = (0..<1000).map { "[issuer.\($0)]\nurl = \($0)\n" }
      try Data((configuration + wrong.joined()).utf8).write(to: URL(filePath: file))
      daemon.send(SIGHUP)
      while try #require(manager.next()).first != "RELOADING=1" {}
      while try #require(manager.next()) != ["READY=1"] {}
      while try #require(manager.next()?.first).contains("the last reload was refused") == false {}
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
      while try #require(manager.next()) != ["STOPPING=1"] {}
      #expect(manager.past.filter { $0.contains("READY=1") }.allSatisfy { $0.count == 1 })
      #expect(manager.sizes.max().map { $0 < 2200 } == true)

      let faulty = try BuiltProgram(
        ["serve", "--config", file, "--socket", directory.file("b.sock")],
        environment: ["NOTIFY_SOCKET": directory.file("n.sock")])
      #expect(faulty.end()?.status == 78)
      #expect(manager.next()?.last == "EXIT_STATUS=78")
      #expect(manager.sizes.max().map { $0 < 2200 } == true)
    }
  }
}

/// A datagram socket that keeps what the daemon tells.
private final class ServiceManagerSocket {
  private let descriptor: CInt

  init(_ path: String) throws {
    descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    try #require(UnixSocket.bind(descriptor, to: path) == 0)
    var limit = timeval(tv_sec: Int(patience), tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// The lines of each datagram that was read.
  private(set) var past: [[String]] = []
  /// How many bytes each of them had.
  private(set) var sizes: [Int] = []

  /// The lines of each datagram that is there now.
  func received() -> [[String]] {
    var messages: [[String]] = []
    while let message = receive(CInt(MSG_DONTWAIT)) { messages.append(message) }
    return messages
  }

  /// The lines of the next datagram, once it comes; nil if none does.
  func next() -> [String]? { receive(0) }

  private func receive(_ flags: CInt) -> [String]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let count = recv(descriptor, &buffer, buffer.count, flags)
    guard count >= 0 else { return nil }
    let message = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
    past.append(message)
    sizes.append(count)
    return message
  }
}
