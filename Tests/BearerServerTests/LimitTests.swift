import BearerFraming
import BearerServer
import Foundation
import Glibc
import Testing

@Suite("Against hostile clients, a server", .timeLimit(.minutes(10)))
struct LimitTests {
  @Test("works on so many requests of a connection at once, and reads no more until one is answered")
  func inFlight() async throws {
    var limits = ServerLimits.patient
    limits.inFlight = 2
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      let other = try running.client()
      defer {
        client.close()
        other.close()
      }
      await client.send("defer free one\ndefer free two\ndefer free three\nfree four\n")
      await running.book.happened(.started("two"))
      await other.send("order meanwhile\n")
      #expect(await other.line() == "meanwhile")
      #expect(!running.book.has(.started("three")))
      running.book.deliver("two")
      #expect(await client.line() == "two")
      await running.book.happened(.started("three"))
      running.book.deliver("three")
      #expect(await client.line() == "three")
      #expect(await client.line() == "four")
      running.book.deliver("one")
      #expect(await client.line() == "one")
    }
  }

  @Test("reads on whatever waits that does not count among the requests in flight, and stops for what does")
  func uncounted() async throws {
    var limits = ServerLimits.patient
    limits.inFlight = 2
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      defer { client.close() }
      for number in 0..<100 { await client.send("defer free uncounted\(number)\n") }
      await client.send("defer free one\ndefer free two\nfree held\n")
      await running.book.happened(.started("two"))
      running.book.deliver("uncounted7")
      #expect(await client.line() == "uncounted7")
      #expect(!running.book.has(.handled("free held")))
      running.book.deliver("one")
      #expect(await client.line() == "one")
      #expect(await client.line() == "held")
    }
  }

  @Test("4,096 requests of one connection may wait without counting among those in flight; then it is not read on")
  func manyUncounted() async throws {
    try await RunningServer.run(limits: .patient) { running in
      let client = try running.client()
      defer { client.close() }
      for number in 0..<4095 { await client.send("defer free uncounted\(number)\n") }
      await client.send("free before\ndefer free uncountedlast\nfree after\n")
      #expect(await client.line() == "before")
      await running.book.happened(.started("uncountedlast"))
      let other = try running.client()
      defer { other.close() }
      await other.send("free meanwhile\n")
      #expect(await other.line() == "meanwhile")
      #expect(!running.book.has(.handled("free after")))
      running.book.deliver("uncounted0")
      #expect(await client.line() == "uncounted0")
      #expect(await client.line() == "after")
    }
  }

  @Test("a reply that waits without room holds its connection back, no other, and only until it is there")
  func withoutRoom() async throws {
    try await RunningServer.run(limits: .patient) { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("defer free uncounted\ndefer free full\nfree after\ndefer order full2\norder last\n")
      await running.book.happened(.started("full"))
      let other = try running.client()
      defer { other.close() }
      await other.send("free meanwhile\n")
      #expect(await other.line() == "meanwhile")
      #expect(!running.book.has(.handled("free after")))
      // What waits with room is answered all the same, and does not let it go on.
      running.book.deliver("uncounted")
      #expect(await client.line() == "uncounted")
      await other.send("free again\n")
      #expect(await other.line() == "again")
      #expect(!running.book.has(.handled("free after")))
      running.book.deliver("full")
      #expect(await client.line() == "full")
      #expect(await client.line() == "after")
      await running.book.happened(.started("full2"))
      #expect(!running.book.has(.handled("order last")))
      running.book.deliver("full2")
      #expect(await client.line() == "full2")
      #expect(await client.line() == "last")
    }
  }

  @Test("stops reading from a client that takes no replies, answers others meanwhile, and loses nothing")
  func neverReading() async throws {
    var limits = ServerLimits.patient
    limits.outputBytes = 65536
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      let other = try running.client()
      defer {
        client.close()
        other.close()
      }
      // 20 kB of lines are answered with 20 MB. What may be under way: the bound, one flush, and the socket's buffer.
      await client.send("order first\n" + String(repeating: "big 10000\n", count: 2000))
      #expect(await client.line() == "first")
      for _ in 0..<200 {
        await other.send("order meanwhile\n")
        #expect(await other.line() == "meanwhile")
      }
      #expect(running.book.handledLines < 201 + 150)
      client.closeWriting()
      let replies = await client.rest()
      #expect(replies.count == 2000)
      #expect(replies.allSatisfy { $0.utf8.count == 10000 })
    }
  }

  @Test("reads no more from those who take nothing once all together have left too much, and loses nothing")
  func manyNeverReading() async throws {
    var limits = ServerLimits.patient
    limits.outputBytes = 1 << 30
    try await RunningServer.run(limits: limits, unsentBytes: 1_000_000) { running in
      let clients = try (0..<8).map { _ in try running.client() }
      let other = try running.client()
      defer { for client in clients + [other] { client.close() } }
      // 40 kB of lines are answered with 40 MB. What may be under way: the bound, and for each client one flush and what
      // the kernel holds of it.
      for client in clients { await client.send(String(repeating: "big 10000\n", count: 500)) }
      for _ in 0..<200 {
        await other.send("order meanwhile\n")
        #expect(await other.line() == "meanwhile")
      }
      #expect(running.book.handledLines < 200 + 100 + 8 * 50)
      for client in clients {
        client.closeWriting()
        let replies = await client.rest()
        #expect(replies.count == 500)
        #expect(replies.allSatisfy { $0.utf8.count == 10000 })
      }
    }
  }

  @Test(
    "replies that were waited for are made as their client takes those before, and none is lost",
    arguments: ["free", "order"])
  func waitedForAndNotRead(order: String) async throws {
    var limits = ServerLimits.patient
    limits.outputBytes = 100_000
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      let other = try running.client()
      defer { for client in [client, other] { client.close() } }
      let keys = (0..<60).map { "\($0)-" + String(repeating: "x", count: 50_000) }
      for key in keys {
        await client.send("defer \(order) \(key)\n")
        await running.book.happened(.started(key))
      }
      // In order the first is what all others wait for, also for memory.
      for key in keys.dropFirst() { running.book.deliver(key) }
      for _ in 0..<200 {
        await other.send("order meanwhile\n")
        #expect(await other.line() == "meanwhile")
      }
      // The bound, one more, and what the kernel holds.
      #expect(running.book.resumedReplies < (order == "free" ? 20 : 4))
      if let first = keys.first { running.book.deliver(first) }
      client.closeWriting()
      let replies = await client.rest()
      #expect(order == "free" ? Set(replies) == Set(keys) : replies == keys)
    }
  }

  @Test("gives up a client that takes no replies for the write timeout")
  func stuckWriting() async throws {
    var limits = ServerLimits.patient
    limits.writeTimeout = .milliseconds(40)
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("defer free waiting\n" + String(repeating: "big 10000\n", count: 2000))
      await running.book.happened(.cancelled("waiting"))
    }
  }

  @Test("bounds replies that wait for an earlier one")
  func heldReplies() async throws {
    var limits = ServerLimits.patient
    limits.outputBytes = 50_000
    try await RunningServer.run(limits: limits) { running in
      let client = try running.client()
      let other = try running.client()
      defer {
        client.close()
        other.close()
      }
      await client.send("defer order first\n" + String(repeating: "big 10000\n", count: 50))
      await running.book.happened(.started("first"))
      for _ in 0..<20 {
        await other.send("order meanwhile\n")
        #expect(await other.line() == "meanwhile")
      }
      #expect(running.book.handledLines <= 1 + 20 + 6)
      running.book.deliver("first")
      #expect(await client.line() == "first")
      for _ in 0..<50 { #expect(await client.line()?.utf8.count == 10000) }
    }
  }

  @Test("tells a connection that is one too many, in all or of its user, and admits another when one has gone")
  func tooManyConnections() async throws {
    for isOfUser in [false, true] {
      var limits = ServerLimits.patient
      if isOfUser { limits.connectionsPerUID = 2 } else { limits.connections = 2 }
      try await RunningServer.run(limits: limits) { running in
        let clients = [try running.client(), try running.client()]
        defer { clients[1].close() }
        for (number, client) in clients.enumerated() {
          await client.send("defer free wait\(number)\n")
          await running.book.happened(.started("wait\(number)"))
        }
        #expect(running.server.connectionCount == 2)
        let refused = try running.client()
        #expect(await refused.rest() == ["!tooManyConnections"])
        refused.close()
        clients[0].close()
        await running.book.happened(.cancelled("wait0"))
        let admitted = try running.client()
        defer { admitted.close() }
        await admitted.send("order in\n")
        #expect(await admitted.line() == "in")
      }
    }
  }

  @Test("serves 250 connections at once, on several event loops")
  func manyConnections() async throws {
    try await RunningServer.run(eventLoops: 3) { running in
      var clients: [RawClient] = []
      for _ in 0..<250 { clients.append(try running.client()) }
      for (number, client) in clients.enumerated() { await client.send("order \(number)\n") }
      for (number, client) in clients.enumerated() { #expect(await client.line() == "\(number)") }
      #expect(running.server.connectionCount == 250)
      #expect(try await running.server.onEachEventLoop { $0 is ScriptedHandler } == [true, true, true])
      for client in clients { client.close() }
    }
  }

  @Test("answers a client between the lines of two others that keep its event loop busy")
  func flood() async throws {
    try await RunningServer.run(drainTimeout: .zero) { running in
      let flooders = [try running.client(), try running.client()]
      let client = try running.client()
      defer { for client in flooders + [client] { client.close() } }
      // Both arrive in one read each, and are seconds of work.
      for flooder in flooders { await flooder.send(String(repeating: "spin\n", count: 6000)) }
      await running.book.happened(.handled("spin"))
      for number in 0..<10 {
        await client.send("order \(number)\n")
        #expect(await client.line() == "\(number)")
      }
      #expect(running.book.handledLines < 12000)
    }
  }

  @Test("a burst of a thousand connects that nobody waits for loses none, and all are served")
  func connectBurst() async throws {
    var limits = ServerLimits.patient
    limits.connectionsPerUID = 1024
    try await RunningServer.run(limits: limits, eventLoops: 2) { running in
      let clients = (0..<1000).compactMap { _ in RawClient(running.path, waits: false) }
      defer { for client in clients { client.close() } }
      #expect(clients.count == 1000)
      for (number, client) in clients.enumerated() { await client.send("order \(number)\n") }
      for (number, client) in clients.enumerated() { #expect(await client.line() == "\(number)") }
    }
  }

  @Test("a peer that goes away, in whatever phase, costs the others nothing and leaves nothing behind")
  func peerGoesAway() async throws {
    var limits = ServerLimits.patient
    limits.outputBytes = 65536
    try await RunningServer.run(limits: limits) { running in
      // Nothing sent, half a line, a line, a wait, replies that are not read, a last answer that is not read.
      let phases = [
        "", "hal", "order one\n", "defer order wait\n", "order one\n" + String(repeating: "big 10000\n", count: 500),
        "GET / HTTP/1.1\r\nHost: x\r\n",
      ]
      for (number, phase) in phases.enumerated() {
        for endsFirst in [false, true] {
          let client = try running.client()
          await client.send(phase)
          if endsFirst { client.closeWriting() }
          client.close()
        }
        let other = try running.client()
        await other.send("order \(number)\n")
        #expect(await other.line() == "\(number)")
        other.closeWriting()
        #expect(await other.rest() == [])
        other.close()
      }
      // An end is noticed on the loop; once a later one has ended, so have they.
      while running.server.connectionCount > 0 { await Task.yield() }
    }
  }

  @Test("without a descriptor left a client is told so and closed, and the next one is served once there is one")
  func noDescriptorLeft() async {
    // In a process of its own: others need descriptors.
    await #expect(processExitsWith: .success) {
      try await RunningServer.run { server in
        let served = try server.client()
        await served.send("first\n")
        #expect(await served.line() == "?5")
        let sockets = (0..<2).map { _ in socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0) }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = 256
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var taken: [CInt] = []
        while case let copy = dup(sockets[0]), copy >= 0 { taken.append(copy) }

        let turnedAway = try #require(RawClient(server.path, on: sockets[0]))
        #expect(await turnedAway.rest() == ["!tooManyConnections"])
        await served.send("second\n")
        #expect(await served.line() == "?6")

        close(try #require(taken.last))
        let next = try #require(RawClient(server.path, on: sockets[1]))
        await next.send("third\n")
        #expect(await next.line() == "?5")
      }
    }
  }

  /// In a process of its own: `Process.run` of Foundation, which other tests use, lists the open descriptors and reads
  /// up to 195 bytes past the end of its buffer when there are more than 1,360 of them.
  @Test("serves as many connections as there are descriptors for, up to ten thousand")
  func tenThousand() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      // Two for each connection, for both ends are in this process, beside those that it was born with: a thousand, if
      // another test has a thousand at that moment.
      let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      let count = min(10_000, (Int(clamping: limit.rlim_cur) - open) / 2 - 200)
      try #require(count > 300)
      var limits = ServerLimits.patient
      limits.connections = 20_000
      limits.connectionsPerUID = 20_000
      try await RunningServer.run(limits: limits, eventLoops: 2) { running in
        let failures = await blocking {
          var clients: [RawClient] = []
          defer { for client in clients { client.close() } }
          for _ in 0..<count {
            guard let client = RawClient(running.path) else { return -1 }
            clients.append(client)
          }
          var failures = 0
          for (number, client) in clients.enumerated() where client.askAndRead("order \(number)\n") != "\(number)\n" {
            failures += 1
          }
          return failures
        }
        #expect(failures == 0)
      }
    }
  }

  @Test("connections are spread over the loops, whichever of them accepts")
  func spread() async throws {
    try await RunningServer.run(eventLoops: 4) { running in
      var clients: [RawClient] = []
      for _ in 0..<40 { clients.append(try running.client()) }
      for client in clients { await client.send("loop\n") }
      var loops: [String: Int] = [:]
      for client in clients { loops[await client.line() ?? "", default: 0] += 1 }
      #expect(loops.values.sorted() == [10, 10, 10, 10])
      for client in clients { client.close() }
    }
  }
}
