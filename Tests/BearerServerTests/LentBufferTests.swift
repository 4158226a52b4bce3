import BearerFraming
import Logging
import Testing

@testable import BearerServer

@Suite("The buffers that a loop lends")
struct LentBufferTests {
  private let loop: ServerLoop

  init() throws {
    let limits = ServerLimits()
    loop = try ServerLoop(
      limits: limits, factory: DeferredBook(),
      acceptor: Acceptor(sockets: [], counter: ConnectionCounter(limits: limits), logger: Logger(label: "test")),
      unsentBytes: UnsentBytes(limit: 1))
  }

  @Test("a connection that has sent everything keeps none of them, whoever's it was")
  func nothingKept() {
    var framer = LineFramer(maximumLineBytes: 100)
    var replies: [UInt8] = []
    loop.lend(to: &framer, &replies)
    #expect(replies.capacity >= FixedLimits.flushBytes && framer.bytes.count >= FixedLimits.readBuffer)
    replies += [1, 2, 3]
    replies.removeAll(keepingCapacity: true)
    loop.takeBack(from: &framer, &replies)
    #expect(replies.capacity == 0 && framer.bytes.isEmpty)
    // Replies that were not taken in an earlier turn stand in a buffer of the connection's own.
    replies = [UInt8](repeating: 1, count: 100_000)
    loop.lend(to: &framer, &replies)
    #expect(replies.count == 100_000)
    replies.removeAll(keepingCapacity: true)
    loop.takeBack(from: &framer, &replies)
    #expect(replies.capacity == 0)
  }

  @Test("what a connection could not send stays with it, and the next one gets an empty buffer")
  func unsentKept() {
    var framer = LineFramer(maximumLineBytes: 100)
    var replies: [UInt8] = []
    loop.lend(to: &framer, &replies)
    replies += [1, 2, 3]
    loop.takeBack(from: &framer, &replies)
    #expect(replies == [1, 2, 3])
    var others: [UInt8] = []
    loop.lend(to: &framer, &others)
    #expect(others.isEmpty)
  }
}
