import BearerJSON
import BearerTestKit
import Foundation
import Testing

/// A `jwks_file` on a system that has no inotify watch left, which a namespace can be made to be.
@Suite(.enabled(if: hasNamespaces)) struct UnwatchedFileTests {
  @Test("the log says that the file is not watched, and what to raise; its keys are there, and refresh-jwks reads it")
  func noWatchLeft() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let keys = directory.file("jwks.json")
      let first = try TestKey(kid: "k1")
      try Data(TestKey.set(first).utf8).write(to: URL(filePath: keys))
      let configuration = """
        [issuer.idp]
        url = "https://idp.example"
        jwks_file = "\(keys)"
        [policy.default]
        audiences = ["api"]

        """
      try Data(configuration.utf8).write(to: URL(filePath: directory.file("b.toml")))
      let daemon = try BuiltProgram(
        ["serve", "--config", directory.file("b.toml"), "--socket", directory.file("b.sock")], environment: [:],
        by: ["unshare", "-Ur", "sh", "-c", "echo 0 >/proc/sys/user/max_inotify_watches && exec \"$0\" \"$@\""])
      try #require(daemon.awaitLog("cannot be watched for changes (no watch is left)"), "\(daemon.errorText)")
      try #require(daemon.errorText.contains("warning: jwks_file is not watched; it is read again every minute"))
      try #require(daemon.awaitLog("ready"), "\(daemon.errorText)")
      let client = try #require(SocketClient(directory.file("b.sock")))
      #expect(try client.issuerStatus()["usable_keys"] == 1)
      try Data(TestKey.set(first, try TestKey(kid: "k2")).utf8).write(to: URL(filePath: keys))
      #expect(try client.ask(["op": "refresh-jwks"])["issuers"]?.arrayValue?.first?["added"] == ["k2"])
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
  }
}
