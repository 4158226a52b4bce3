import Foundation
import Glibc
import Testing

/// Who a caller is to the daemon, by real users and across namespaces.
///
/// The commands are util-linux's; it takes root to become another user.
@Suite("Peers of other users and namespaces", .enabled(if: geteuid() == 0 && hasNamespaces))
struct PeerNamespaceTests {
  private static let program = BuiltProgram.directory.appending(path: "bearerd").path()

  private static let tables = """
    [issuer.a]
    url = "http://127.0.0.1:9"
    [policy.default]
    audiences = ["a"]
    [peer.root]
    user = "root"
    [peer.unmapped]
    uid = 65534
    ops = ["verify"]
    """

  @Test("a table counts for its user; who matches none is forbidden, but may ping")
  func users() async throws {
    try await withDaemon([]) { socket in
      #expect(Self.ask(["status"], socket, uid: 0).status == 0)
      #expect(Self.ask(["status"], socket, uid: 65534).status == 77)
      // Permitted, and refused for what it is.
      #expect(Self.ask(["verify", "a.b.c"], socket, uid: 65534).status == 1)
      #expect(Self.ask(["verify", "a.b.c"], socket, uid: 1234).status == 77)
      #expect(Self.ask(["ping"], socket, uid: 1234).status == 0)
    }
  }

  @Test("who may not write to the socket is told so by every command, with 77")
  func socketMode() async throws {
    try await withDaemon([], mode: "0600") { socket in
      #expect(Self.ask(["ping"], socket, uid: 0).status == 0)
      let refused = Self.ask(["ping"], socket, uid: 1234)
      #expect(refused.status == 77)
      #expect(
        refused.output == "bearerd: user 1234 may not use the socket at \(socket); members of the socket's group may\n")
    }
  }

  @Test("a client in a user namespace of its own stays who it is outside")
  func clientNamespace() async throws {
    try await withDaemon([]) { socket in
      #expect(Self.run(["unshare", "-U", Self.program, "status", "--socket", socket]).status == 0)
    }
  }

  @Test("to a daemon in namespaces of its own every user from outside is 65534, and its own root is root")
  func daemonNamespace() async throws {
    try await withDaemon(["unshare", "-Urpf", "--kill-child"]) { socket in
      #expect(Self.ask(["verify", "a.b.c"], socket, uid: 1234).status == 1)
      let refused = Self.ask(["status"], socket, uid: 1234)
      #expect(refused.status == 77)
      #expect(refused.output.contains("peer.unmapped does not permit this op"))
      #expect(Self.ask(["status"], socket, uid: 0).status == 0)
    }
  }

  // MARK: Commands

  private static func ask(
    _ arguments: [String], _ socket: String, uid: Int
  ) -> (status: Int32, output: String) {
    let user = ["setpriv", "--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups"]
    return run(user + [Self.program, arguments[0], "--socket", socket] + arguments.dropFirst())
  }

  private static func run(_ command: [String]) -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    do { try process.run() } catch { return (-1, "") }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  /// Runs the daemon while `body` runs; `prefix` is a command that starts it.
  private func withDaemon(
    _ prefix: [String], mode: String = "0666", _ body: (String) throws -> Void
  ) async throws {
    let directory = "/tmp/bpn-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let file = "\(directory)/bearerd.toml"
    let socket = "\(directory)/s"
    try "socket = \"\(socket)\"\nsocket_mode = \"\(mode)\"\n\(Self.tables)".write(
      toFile: file, atomically: true, encoding: .utf8)
    let daemon = Process()
    daemon.executableURL = URL(filePath: "/usr/bin/env")
    daemon.arguments = prefix + [Self.program, "serve", "--config", file]
    let log = Pipe()
    daemon.standardError = log
    try daemon.run()
    defer {
      // unshare holds SIGTERM back; its child dies with it.
      kill(daemon.processIdentifier, prefix.isEmpty ? SIGTERM : SIGKILL)
      daemon.waitUntilExit()
    }
    var text = ""
    while !text.contains("listening") {
      let bytes = log.fileHandleForReading.availableData
      try #require(!bytes.isEmpty, "the daemon ended: \(text)")
      text += String(decoding: bytes, as: UTF8.self)
    }
    try body(socket)
  }
}

/// Whether user and pid namespaces can be made here.
let hasNamespaces: Bool = {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["unshare", "-Urpf", "true"]
  process.standardError = Pipe()
  do { try process.run() } catch { return false }
  process.waitUntilExit()
  return process.terminationStatus == 0
}()
