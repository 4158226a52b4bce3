import BearerJSON
import Foundation
import Testing

/// Whoever should read the log does not, as when a container's log pipe stalls.
@Suite struct UnreadLogTests {
  /// More refusals than the pipe and the queue before it hold.
  private static let flood = 12_000

  @Test("nobody is held up, what was dropped is told once the log is read again, and SIGTERM is obeyed")
  func unread() async throws {
    try await BlockingThread.run {
      let directory = try ShortDirectory()
      let log = try Log(directory.file("log"))
      let socket = directory.file("b.sock")
      let daemon = try BuiltProgram(
        ["serve", "--issuer", "http://127.0.0.1:9", "--audience", "api", "--socket", socket, "--log-level", "debug"],
        environment: ["LOG": directory.file("log")], by: ["sh", "-c", "exec \"$@\" 2>\"$LOG\"", "sh"])
      #expect(log.line(with: "listening") != nil)

      try flood(socket)
      // Connections go to the event loops in turn: these are more than there are loops.
      let clients = try (0..<16).map { _ in try #require(SocketClient(socket)) }
      for client in clients { #expect(try client.ask(["op": "ping"])["ok"] == true) }

      let notice = try #require(log.line(with: "messages were dropped"))
      let dropped = try #require(notice.firstMatch(of: #/dropped=(\d+)$/#).flatMap { Int($0.1) })
      #expect(notice.contains(" warning: "))
      // Messages about the issuer, which cannot be reached, are dropped with the others.
      #expect(log.refusals + dropped >= Self.flood && log.refusals < Self.flood)
      #expect(log.refusals > 3000)

      try flood(socket)
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
    }
  }

  private func flood(_ socket: String) throws {
    let client = try #require(SocketClient(socket))
    let lines = Array(String(repeating: #"{"op":"verify","token":"x"}"# + "\n", count: 100).utf8)
    for _ in 0..<Self.flood / 100 {
      client.send(lines)
      for _ in 0..<100 {
        let reply = try #require(client.line())
        try #require(reply.contains(#""category":"token""#), "\(reply)")
      }
    }
  }

  /// A FIFO in place of standard error.
  private final class Log {
    private let descriptor: CInt
    private var bytes: [UInt8] = []
    /// How many refusals were read so far.
    private(set) var refusals = 0

    init(_ path: String) throws {
      try #require(mkfifo(path, 0o600) == 0)
      // Both ends are open from the beginning, so that nobody waits for the other one.
      descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
      try #require(descriptor >= 0)
    }

    deinit { close(descriptor) }

    /// Reads up to the next line that holds `text`; nil if none comes.
    func line(with text: String) -> String? {
      while true {
        while let end = bytes.firstIndex(of: 0x0A) {
          let line = String(decoding: bytes[..<end], as: UTF8.self)
          bytes.removeFirst(end + 1)
          if line.contains("token refused") { refusals += 1 }
          if line.contains(text) { return line }
        }
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, Int32(patience) * 1000) == 1 else { return nil }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return nil }
        bytes += chunk[..<count]
      }
    }
  }
}
