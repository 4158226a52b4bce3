import BearerJSON
import BearerTestKit
import Foundation
import Testing

@testable import bearerd

/// The program as a user meets it before any daemon runs: help, wrong use, wrong configuration, nobody there.
@Suite struct CommandLineTests {
  /// What a run of the program left behind.
  struct Run: Equatable {
    var status: Int32
    var output: String
    var error: String
  }

  /// Runs the built program to its end, or a script that gets its path and arguments.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = "", by script: String? = nil
  ) async throws -> Run {
    let process = Process()
    let program = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "bearerd")
    process.executableURL = script == nil ? program : URL(filePath: "/bin/sh")
    process.arguments = script.map { ["-c", $0, "sh", program?.path() ?? "bearerd"] + arguments } ?? arguments
    process.environment = environment.merging(BearerTestKit.BuiltProgram.environment) { given, _ in given }
    let (standardInput, output, error) = (Pipe(), Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = error
    return try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { process in
        let read = { (pipe: Pipe) in
          String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        continuation.resume(
          returning: Run(status: process.terminationStatus, output: read(output), error: read(error)))
      }
      do {
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
  }

  @Test("--version tells name and version")
  func version() async throws {
    #expect(try await Self.run(["--version"]) == Run(status: 0, output: "bearerd 0.1.0\n", error: ""))
  }

  @Test(
    "every help fits 80 columns and shows an example",
    arguments: [
      ["--help"], ["help", "serve"], ["help", "check"], ["help", "verify"], ["help", "introspect"],
      ["help", "refresh-jwks"], ["help", "status"], ["help", "ping"], ["help", "hello"], ["help", "init"],
      ["help", "try"],
    ])
  func help(_ arguments: [String]) async throws {
    let run = try await Self.run(arguments)
    #expect(run.status == 0)
    #expect(run.output.split(separator: "\n").filter { $0.count > 80 } == [])
    #expect(run.output.contains("bearerd \(arguments.count == 1 ? "serve" : arguments[1])"))
  }

  @Test(
    "wrong use ends with status 64",
    arguments: [
      ["serv"], ["verify"], ["verify", "a", "b"], ["verify", "--max-age", "soon", "t"], ["serve", "--port", "80"],
      ["status", "x"], ["refresh-jwks", "--issuer"],
    ])
  func wrongUse(_ arguments: [String]) async throws {
    let run = try await Self.run(arguments)
    #expect(run.status == 64)
    #expect(run.output == "")
    #expect(run.error.hasPrefix("Error: "))
  }

  @Test("a wrong configuration ends with status 78 and names flag or key, for serve and check alike")
  func wrongConfiguration() async throws {
    for command in ["serve", "check"] {
      #expect(
        try await Self.run([command, "--issuer", "https://a.example"])
          == Run(
            status: 78, output: "",
            error: """
              bearerd: the configuration cannot be used (1 fault):
                --issuer: an issuer alone is no configuration; expected --audience with what the tokens have as aud (or BEARERD_AUDIENCE)

              """))
      #expect(
        try await Self.run(
          [command, "--config", "/nonexistent/b.toml"], environment: ["BEARERD_ISSUER": "https://a.example"]
        )
        .status == 78)
    }
    let missing = try await Self.run(["check"], environment: ["BEARERD_CONFIG": "/nonexistent/b.toml"])
    #expect(missing.status == 78)
    #expect(missing.error.contains("/nonexistent/b.toml: there is no such file"))
  }

  @Test("a sound configuration passes without a word to the network")
  func offline() async throws {
    let run = try await Self.run(["check", "--offline", "--issuer", "https://a.invalid", "--audience", "a", "b"])
    #expect(run == Run(status: 0, output: "The configuration is sound: 1 issuer, 1 policy.\n", error: ""))
  }

  @Test(
    "without a daemon every question ends with status 69 and says where it was looked for",
    arguments: [
      ["verify", "-"], ["introspect", "x.y.z"], ["status"], ["ping"], ["ping", "--ready"], ["hello"], ["refresh-jwks"],
    ])
  func noDaemon(_ arguments: [String]) async throws {
    let error =
      "bearerd: no daemon answers at /nonexistent/b.sock: there is no such socket. Is bearerd running, and --socket right?\n"
    #expect(
      try await Self.run(arguments, environment: ["BEARERD_SOCKET": "/nonexistent/b.sock"], input: "x.y.z\n")
        == Run(status: 69, output: "", error: error))
    #expect(
      try await Self.run(
        arguments + ["--socket", "/nonexistent/b.sock"], environment: ["BEARERD_SOCKET": "/nonexistent/other"])
        == Run(status: 69, output: "", error: error))
  }

  @Test(
    "an outcome that cannot be written ends with status 75 and a message",
    arguments: [["check", "--offline", "--issuer", "https://a.invalid", "--audience", "a"], ["ping"], ["status"]])
  func unwritable(_ arguments: [String]) async throws {
    let daemon = try QuietDaemon(answeringAfter: 0)
    defer { daemon.end() }
    let script = #"program=$1; shift; "$program" "$@" > /dev/full"#
    let full = try await Self.run(arguments, environment: ["BEARERD_SOCKET": daemon.path], by: script)
    #expect(
      full
        == Run(status: 75, output: "", error: "bearerd: standard output cannot be written: No space left on device\n"))
  }

  @Test("a socket that nobody listens at is there all the same")
  func nobodyListens() async throws {
    let daemon = try QuietDaemon(answeringAfter: nil)
    daemon.end()
    #expect(
      try await Self.run(["ping", "--socket", daemon.path])
        == Run(
          status: 69, output: "",
          error: "bearerd: no daemon answers at \(daemon.path): the socket is there, but nobody listens\n"))
  }

  @Test("a socket of another user than the one that is expected is asked nothing")
  func foreignServer() async throws {
    let daemon = try QuietDaemon(answeringAfter: 0)
    defer { daemon.end() }
    let (own, other) = (geteuid(), geteuid() + 1)
    let refused = Run(
      status: 77, output: "",
      error: "bearerd: the socket at \(daemon.path) is that of user \(own), not of user \(other): nothing was sent\n")
    let command = ["status", "--socket", daemon.path]
    #expect(try await Self.run(command + ["--server-uid", "\(other)"]) == refused)
    #expect(try await Self.run(command, environment: ["BEARERD_SERVER_UID": "\(other)"]) == refused)
    #expect(daemon.questions.isEmpty)
    #expect(try await Self.run(command + ["--server-uid", "\(own)"]).status != 77)
    #expect(daemon.questions.count == 1)
  }

  @Test("an empty path is wrong use", arguments: ["ping", "status", "hello", "refresh-jwks"])
  func emptyPath(_ command: String) async throws {
    let run = try await Self.run([command, "--socket", ""])
    #expect(run.status == 64)
    #expect(run.output == "")
    #expect(run.error.hasPrefix("Error: --socket is empty\n"))
  }

  @Test("a path that is no socket is told apart")
  func notASocket() async throws {
    let path = "/tmp/bearerd-test-\(UUID().uuidString)"
    try "".write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(
      try await Self.run(["ping", "--socket", path])
        == Run(
          status: 69, output: "",
          error: "bearerd: no daemon answers at \(path), which is no socket. Is --socket right?\n"))
    #expect(
      try await Self.run(["status"], environment: ["BEARERD_SOCKET": "/tmp"])
        == Run(
          status: 69, output: "", error: "bearerd: no daemon answers at /tmp, which is no socket. Is --socket right?\n")
    )
  }
}
