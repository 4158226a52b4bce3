import BearerTestKit
import Foundation
import Testing

@testable import BearerDaemon

/// `bearerd status`, as people and as programs see it.
@Suite(.timeLimit(.minutes(10))) struct StatusOnTerminalTests {
  @Test("on a terminal it is a table, in a pipe a line of JSON")
  func table() async throws {
    try await ProbedServer.run { running in
      let arguments = ["status", "--socket", running.path]
      let line = try await BuiltProgram.run("bearerd", arguments)
      #expect(line.status == 0)
      #expect(line.output.hasPrefix(#"{"ok":true,"version":""#) && line.output.filter(\.isNewline) == "\n")

      let shown = try await onTerminal(arguments, environment: ["NO_COLOR": "1"]).split(separator: "\r\n")
      #expect(shown.first?.hasPrefix("bearerd \(Version.current), up ") == true)
      #expect(shown.contains("idp  https://idp.example  empty"))
      #expect(shown.last == "  no keys")
      #expect(!shown.contains { $0.contains("{") || $0.contains("\u{1B}") })
      let coloured = try await onTerminal(arguments, environment: [:])
      #expect(coloured.contains("\u{1B}[31mempty\u{1B}[0m"))
    }
  }

  /// What the program writes to a terminal.
  private func onTerminal(_ arguments: [String], environment: [String: String]) async throws -> String {
    var (near, far): (CInt, CInt) = (-1, -1)
    try #require(openpty(&near, &far, nil, nil, nil) == 0)
    let reader = FileHandle(fileDescriptor: near, closeOnDealloc: true)
    let screen = FileHandle(fileDescriptor: far, closeOnDealloc: true)
    let process = BuiltProgram.process("bearerd", arguments, environment: environment)
    process.standardOutput = screen
    let status = await withCheckedContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do {
        try process.run()
      } catch {
        process.terminationHandler = nil
        continuation.resume(returning: -1)
      }
    }
    #expect(status == 0)
    // All of it fits into the terminal's buffer, so it is read after the end.
    return String(decoding: reader.availableData, as: UTF8.self)
  }
}
