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
}
