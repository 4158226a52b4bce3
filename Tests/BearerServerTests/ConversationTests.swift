import BearerFraming
import BearerServer
import Glibc
import Testing

/// Whole conversations over a real socket.
@Suite("A server", .timeLimit(.minutes(10)))
struct ConversationTests {
  @Test("answers every line of a pipelined write, in order, CR and empty lines aside")
  func pipelined() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("order a\norder b\r\n\n\r\nfree c\nunfinished")
      client.closeWriting()
      #expect(await client.rest() == ["a", "b", "c"])
    }
  }

  @Test("knows who is at the other end")
  func peer() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("peer\n")
      #expect(await client.line() == "\(geteuid()) \(getpid())")
    }
  }

  @Test("answers a line that comes byte by byte")
  func byteByByte() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      for byte in "order slow\r\n".utf8 { await client.send([byte]) }
      #expect(await client.line() == "slow")
    }
  }

  @Test("lets replies with a place of their own overtake, and keeps the others in order")
  func order() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("defer order one\norder two\ndefer free three\nfree four\nall five\n")
      #expect(await client.line() == "four")
      await running.book.happened(.started("three"))
      running.book.deliver("one")
      #expect(await client.line() == "one")
      #expect(await client.line() == "two")
      running.book.deliver("three")
      #expect(await client.line() == "three")
      #expect(await client.line() == "five")
    }
  }

  @Test("answers all that a client sent before it closed its writing end, also what has to wait, then closes")
  func halfClose() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("defer order one\norder two\n")
      client.closeWriting()
      await running.book.happened(.handled("order two"))
      running.book.deliver("one")
      #expect(await client.rest() == ["one", "two"])
    }
  }

  @Test("cancels what a client waited for when the client is gone")
  func goneClient() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      await client.send("defer order one\ndefer free two\nhalf a li")
      await running.book.happened(.started("two"))
      client.close()
      await running.book.happened(.cancelled("one"))
      await running.book.happened(.cancelled("two"))
      running.book.deliver("one")
      let other = try running.client()
      defer { other.close() }
      await other.send("order still here\n")
      #expect(await other.line() == "still here")
    }
  }

  @Test("refuses a line over the limit in its place and goes on")
  func longLine() async throws {
    var limits = ServerLimits.patient
    limits.lineBytes = 1000
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      defer { client.close() }
      let atLimit = String(repeating: "x", count: 1000)
      await client.send("defer order one\n\(atLimit)x\n\(atLimit)\r\norder after\n")
      await running.book.happened(.handled("order after"))
      running.book.deliver("one")
      #expect(await client.line() == "one")
      #expect(await client.line() == "!lineTooLong")
      #expect(await client.line() == "?1000")
      #expect(await client.line() == "after")
    }
  }

  @Test("gives up a line of 2 MiB with an answer that its sender can read")
  func farTooLongLine() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      #expect(await client.send([UInt8](repeating: UInt8(ascii: "x"), count: 2 << 20)))
      #expect(await client.rest() == ["!lineFarTooLong"])
    }
  }

  @Test(
    "ends a connection whose first line is not of this protocol",
    arguments: [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\norder never\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\r\nPOST /x HTTP/1.0\r\n",
      "GET /a-target-whose-line-does-not-end", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
    ])
  func foreignProtocol(opening: String) async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      await client.send(opening)
      #expect(await client.rest() == ["!notThisProtocol"])
      #expect(running.book.handledLines == 0)
    }
  }

  @Test("a first line that is no object is a connection's last, whatever follows; a later one is not")
  func firstLine() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("\r\n\nno object\norder never\n")
      #expect(await client.rest() == ["no object"])
      let other = try running.client()
      defer { other.close() }
      await other.send("order one\nno object\nGET / HTTP/1.1\norder two\n")
      #expect(await other.line() == "one")
      #expect(await other.line() == "no object")
      #expect(await other.line() == "?14")
      #expect(await other.line() == "two")
    }
  }

  @Test("tells a client that its line was not finished in time, and closes")
  func partialLine() async throws {
    var limits = ServerLimits.patient
    limits.partialLineTimeout = .milliseconds(50)
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("order one\nunfini")
      #expect(await client.rest() == ["one", "!partialLineTimeout"])
    }
  }
}
