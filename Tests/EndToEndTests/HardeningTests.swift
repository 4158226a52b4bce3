import Foundation
import Testing

/// What a daemon that serves leaves behind of its memory when it crashes: nothing.
@Suite struct HardeningTests {
  @Test("a daemon that serves writes no core, and no report of a crash although the runtime is told to")
  func nothingLeft() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let daemon = try BuiltProgram(
        ["serve", "--issuer", "http://127.0.0.1:9", "--audience", "a", "--socket", directory.file("b.sock")],
        environment: ["SWIFT_BACKTRACE": "enable=yes"])
      try #require(daemon.awaitListening(), "\(daemon.errorText)")
      #expect(daemon.facts("limits")?.contains(#/Max core file size +0 +0 /#) == true)
      let caught = try #require(
        daemon.facts("status")?.firstMatch(of: #/SigCgt:\s+(\w+)/#).flatMap { UInt64($0.1, radix: 16) })
      for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
        #expect(caught >> UInt64(number - 1) & 1 == 0, "signal \(number)")
      }
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
  }
}
