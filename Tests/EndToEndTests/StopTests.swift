import BearerJSON
import BearerTestKit
import Foundation
import Testing

/// The daemon ends when it is told to, whatever its clients do.
@Suite struct StopTests {
  @Test("a client that reads none of its replies does not keep the daemon from ending")
  func unreadReplies() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let file = directory.file("b.toml")
      // Whoever waits for this client waits longer than the test does.
      let configuration = """
        [issuer.idp]
        url = "http://127.0.0.1:9"
        [policy.default]
        audiences = ["api"]
        [limits]
        write_timeout = "300s"
        partial_line_timeout = "300s"

        """
      try Data(configuration.utf8).write(to: URL(filePath: file))
      let socket = directory.file("b.sock")
      let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:])
      try #require(daemon.awaitListening(), "\(daemon.errorText)")
      let client = try #require(SocketClient(socket))
      let other = try #require(SocketClient(socket))
      // Some two megabytes of replies: more than the sockets and the daemon hold.
      client.send(Array(String(repeating: #"{"op":"hello"}"# + "\n", count: 3000).utf8))
      other.send(Array(#"{"op":"ping"}"#.utf8))
      daemon.send(SIGTERM)
      let end = try #require(daemon.end(), "the daemon does not end")
      #expect(end.status == 0)
    }
  }

  @Test("a second SIGTERM ends it at once, in the middle of the first one's stop")
  func secondSignal() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let file = directory.file("b.toml")
      let configuration = """
        [issuer.idp]
        url = "https://idp.example"
        jwks_file = "\(directory.file("keys.json"))"
        [policy.default]
        audiences = ["api"]
        [limits]
        write_timeout = "300s"

        """
      try Data(configuration.utf8).write(to: URL(filePath: file))
      try Data(TestKey.set(try TestKey(kid: "k1")).utf8).write(to: URL(filePath: directory.file("keys.json")))
      let socket = directory.file("b.sock")
      let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:])
      try #require(daemon.awaitLog("notice: ready"), "\(daemon.errorText)")
      let client = try #require(SocketClient(socket))
      client.send(Array(String(repeating: #"{"op":"hello"}"# + "\n", count: 3000).utf8))
      #expect(client.line() != nil)
      daemon.send(SIGTERM)
      try #require(daemon.awaitLog("notice: stopping"), "\(daemon.errorText)")
      daemon.send(SIGTERM)
      let end = try #require(daemon.end(), "the daemon does not end")
      #expect(end.status == 128 + SIGTERM)
      #expect(end.error.contains("told to end for the second time"))
    }
  }

  @Test("a reload from a pipe is refused and told; later ones work, and it ends when it is told to")
  func pipeForConfiguration() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let (file, socket) = (directory.file("b.toml"), directory.file("b.sock"))
      func configure(_ policy: String) throws {
        let configuration = """
          [issuer.idp]
          url = "http://127.0.0.1:9"
          [policy.\(policy)]
          audiences = ["api"]

          """
        try Data(configuration.utf8).write(to: URL(filePath: file))
      }
      try configure("first")
      let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:])
      try #require(daemon.awaitListening(), "\(daemon.errorText)")
      let client = try #require(SocketClient(socket))
      try #require(unlink(file) == 0 && mkfifo(file, 0o600) == 0)
      daemon.send(SIGHUP)
      try #require(daemon.awaitLog("the new configuration is faulty and was refused"), "\(daemon.errorText)")
      let refused = try client.ask(["op": "status"])
      #expect(refused["reload_fault"]?.stringValue?.contains("it is not a regular file") == true, "\(refused)")
      #expect(refused["policies"] == ["first"])
      unlink(file)
      try configure("second")
      daemon.send(SIGHUP)
      try #require(daemon.awaitLog("configuration reloaded"), "\(daemon.errorText)")
      let status = try client.ask(["op": "status"])
      #expect(status["policies"] == ["second"])
      #expect(status["reload_fault"] == nil)
      try #require(unlink(file) == 0 && mkfifo(file, 0o600) == 0)
      daemon.send(SIGHUP)
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
  }

  @Test("more connections than there can be descriptors: fewer are accepted, and check and the log say so")
  func fewDescriptors() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let file = directory.file("b.toml")
      let configuration = """
        [issuer.idp]
        url = "http://127.0.0.1:9"
        [policy.default]
        audiences = ["api"]
        [limits]
        connections = 1000

        """
      try Data(configuration.utf8).write(to: URL(filePath: file))
      let few = ["sh", "-c", "ulimit -n 228; exec \"$@\"", "sh"]
      let check = try BuiltProgram(["check", "--offline", "--config", file], environment: [:], by: few)
      #expect(check.end()?.output.contains("here a process may have no more than 228 descriptors open") == true)
      let socket = directory.file("b.sock")
      let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:], by: few)
      try #require(daemon.awaitLog("limits.connections is more than the process may have descriptors for"))
      try #require(daemon.awaitLog("listening"), "\(daemon.errorText)")
      let client = try #require(SocketClient(socket))
      #expect(try client.ask(["op": "hello"])["limits"]?["connections"] == 100)
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
  }
}
