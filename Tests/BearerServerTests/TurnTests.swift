import BearerFraming
import Glibc
import Logging
import Synchronization
import Testing

@testable import BearerServer

@Suite("Turns")
struct TurnTests {
  @Test("users take turns, and each user's connections do")
  func fairness() {
    var turns = TurnQueue<String>()
    let busy = TurnQueue<String>.User()
    let polite = TurnQueue<String>.User()
    for number in 1...3 { turns.append("busy \(number)", of: busy) }
    turns.append("polite 1", of: polite)
    #expect(turns.next() == "busy 1")
    // It has more to do, and waits again behind its own.
    turns.append("busy 1", of: busy)
    #expect(turns.next() == "polite 1")
    #expect(turns.next() == "busy 2")
    turns.append("polite 1", of: polite)
    #expect(turns.next() == "busy 3")
    #expect(turns.next() == "polite 1")
    #expect(turns.next() == "busy 1")
    #expect(turns.next() == nil)
    #expect(turns.isEmpty)
  }

  @Test("one of a hundred busy connections is served between two of another user's requests, not all")
  func flood() {
    var turns = TurnQueue<Int>()
    let busy = TurnQueue<Int>.User()
    let polite = TurnQueue<Int>.User()
    for number in 1...100 { turns.append(number, of: busy) }
    var served: [Int] = []
    for _ in 0..<10 {
      turns.append(0, of: polite)
      while let next = turns.next() {
        served.append(next)
        if next == 0 { break }
        turns.append(next, of: busy)
      }
    }
    #expect(served.count(where: { $0 == 0 }) == 10)
    #expect(served.count <= 20)
  }

  @Test("a loop gives its turns by the user id of the connection's other end")
  func users() throws {
    let limits = ServerLimits()
    let loop = try ServerLoop(
      limits: limits, factory: DeferredBook(),
      acceptor: Acceptor(sockets: [], counter: ConnectionCounter(limits: limits), logger: Logger(label: "test")),
      unsentBytes: UnsentBytes(limit: 1))
    for uid: UInt32 in [1, 1, 1, 2, 2, 3] {
      var ends: [CInt] = [-1, -1]
      try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
      // The other end may be closed: nobody reads before the order is looked at.
      close(ends[1])
      loop.mailbox.post(
        .adopt(AcceptedConnection(descriptor: ends[0], peer: Peer(uid: uid, gid: 0, pid: 0), isAdmitted: true)))
    }
    let order = Mutex<[UInt32]>([])
    loop.mailbox.post(
      .run { loop in
        while let next = loop.turns.next() { order.withLock { $0.append(next.peer.uid) } }
        loop.stop()
      })
    loop.run()
    #expect(order.withLock(\.self) == [1, 2, 3, 1, 2, 1])
  }

  @Test("a queue keeps its order however it is used, and holds no more than twice what is in it")
  func fifo() {
    var fifo = Fifo<Int>()
    var expected: [Int] = []
    var state: UInt32 = 1
    for number in 0..<10_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      if state >> 31 == 0 {
        fifo.append(number)
        expected.append(number)
      } else {
        #expect(fifo.popFirst() == expected.first)
        if !expected.isEmpty { expected.removeFirst() }
      }
      #expect(fifo.count == expected.count)
    }
    #expect((0..<fifo.count).map { fifo[$0] } == expected)
  }
}
