import NIOCore
import NIOEmbedded
import Testing

@testable import BearerServer

/// One connection on a loop whose time the test owns.
@Suite("A connection's turn")
struct TurnTests {
  /// Answers each line with itself; `slow` takes 300 microseconds of the loop's time.
  private final class Echo: LineHandler {
    let loop: EmbeddedEventLoop

    init(loop: EmbeddedEventLoop) { self.loop = loop }

    func handle(_ line: Span<UInt8>, from peer: Peer, mayWait: Bool, into reply: inout [UInt8]) -> LineOutcome {
      for index in line.indices { reply.append(line[index]) }
      reply.append(0x0A)
      if line.count == 4 { loop.advanceTime(by: .microseconds(300)) }
      return .answered(.inOrder)
    }

    func refuse(_ fault: FramingFault, into reply: inout [UInt8]) {
      reply += Array("!\(fault)\n".utf8)
    }
  }

  private struct Factory: LineHandlerFactory {
    let loop: EmbeddedEventLoop
    func makeHandler() -> any LineHandler { Echo(loop: loop) }
  }

  private let loop = EmbeddedEventLoop()

  private func connect() throws -> EmbeddedChannel {
    let share = LoopShare(eventLoop: loop, limits: ServerLimits(), factory: Factory(loop: loop), turnstile: nil)
    let connection = Connection(peer: Peer(uid: 1, gid: 1, pid: 1), share: share, isAdmitted: true) {}
    let channel = EmbeddedChannel(handler: connection, loop: loop)
    try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    return channel
  }

  private func write(_ channel: EmbeddedChannel) throws -> String? {
    try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) }
  }

  @Test("answers all lines of a read with one write")
  func oneWrite() throws {
    let channel = try connect()
    try channel.writeInbound(ByteBuffer(string: "a\nb\nc\n"))
    #expect(try write(channel) == "a\nb\nc\n")
    #expect(try write(channel) == nil)
  }

  @Test("ends after 500 microseconds, and goes on after what else the loop has to do")
  func yields() throws {
    let channel = try connect()
    try channel.writeInbound(ByteBuffer(string: "slow\nslow\nslow\nfast!\n"))
    #expect(try write(channel) == "slow\nslow\n")
    #expect(try write(channel) == nil)
    loop.run()
    #expect(try write(channel) == "slow\nfast!\n")
  }

  @Test("a line that is unfinished for ten seconds ends the connection, bytes or no bytes in between")
  func partialLine() throws {
    let channel = try connect()
    try channel.writeInbound(ByteBuffer(string: "a\nb"))
    #expect(try write(channel) == "a\n")
    loop.advanceTime(by: .seconds(9))
    try channel.writeInbound(ByteBuffer(string: "b"))
    loop.advanceTime(by: .milliseconds(999))
    #expect(try write(channel) == nil)
    loop.advanceTime(by: .milliseconds(1))
    #expect(try write(channel) == "!partialLineTimeout\n")
  }

  @Test("each line has ten seconds of its own, and a silent client all the time")
  func nextPartialLine() throws {
    let channel = try connect()
    try channel.writeInbound(ByteBuffer(string: "a"))
    loop.advanceTime(by: .seconds(9))
    try channel.writeInbound(ByteBuffer(string: "\nb"))
    #expect(try write(channel) == "a\n")
    loop.advanceTime(by: .seconds(9))
    try channel.writeInbound(ByteBuffer(string: "\n"))
    #expect(try write(channel) == "b\n")
    loop.advanceTime(by: .hours(1))
    #expect(try write(channel) == nil)
    #expect(channel.isActive)
  }
}
