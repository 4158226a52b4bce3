import BearerFraming
import BearerServer
import Dispatch
import Testing

@Suite("Told to stop, a server", .timeLimit(.minutes(10)))
struct StopTests {
  @Test("answers what was received, tells what does not come in time, and closes")
  func drains() async throws {
    var limits = ServerLimits.patient
    limits.inFlight = 1
    try await RunningServer.run(limits: limits, drainTimeout: .milliseconds(200)) { running in
      let client = try running.client()
      let idle = try running.client()
      defer {
        client.close()
        idle.close()
      }
      // With one in flight the second write stays in the kernel until the stop.
      await client.send("defer order one\n")
      await running.book.happened(.started("one"))
      await client.send("order two\ndefer order three\nhalf")
      await running.stop()
      #expect(await idle.rest() == [])
      #expect(RawClient(running.path) == nil)
      // Also what was behind it, and would have to wait in its turn.
      #expect(await client.rest() == ["stopped one", "two", "stopped three"])
      #expect(!running.book.has(.started("three")))
    }
  }

  @Test("reads on behind a descriptor that was sent along, where a read ends before all was read")
  func descriptorSentAlong() async throws {
    try await RunningServer.run(drainTimeout: .seconds(3600)) { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("order one\n")
      #expect(await client.line() == "one")
      // The loop is busy until both writes have arrived, so that it is told of them once.
      let gate = DispatchSemaphore(value: 0)
      let (busy, isBusy) = AsyncStream.makeStream(of: Void.self)
      let holding = Task {
        try await running.server.onEachEventLoop { _ in
          isBusy.yield()
          gate.wait()
        }
      }
      for await _ in busy { break }
      #expect(client.send("order two\n", with: client.descriptor))
      #expect(client.sendWithoutWaiting(Array("order three\n".utf8)) == 12)
      gate.signal()
      _ = try await holding.value
      await running.stop()
      #expect(await client.rest() == ["two", "three"])
    }
  }

  @Test("loses nobody who has connected, while others go on connecting")
  func losesNobody() async throws {
    try await RunningServer.run(eventLoops: 2) { running in
      let lost = await withTaskGroup(of: Int.self) { group in
        for number in 0..<8 {
          group.addTask {
            await blocking {
              var lost = 0
              // Until nobody can connect any more.
              while let client = RawClient(running.path) {
                if client.askAndRead("order \(number)\n") != "\(number)\n" { lost += 1 }
                client.close()
              }
              return lost
            }
          }
        }
        // Once each of them is at it.
        for number in 0..<8 { await running.book.happened(.handled("order \(number)")) }
        await running.stop()
        return await group.reduce(0, +)
      }
      #expect(lost == 0)
    }
  }

  @Test("waits for what is deferred, as long as there is time")
  func waits() async throws {
    try await RunningServer.run(drainTimeout: .seconds(3600)) { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("defer order one\n")
      await running.book.happened(.started("one"))
      await client.send("defer order two\norder three\n")
      await running.stop()
      await running.book.happened(.started("two"))
      running.book.deliver("two")
      running.book.deliver("one")
      #expect(await client.rest() == ["one", "two", "three"])
      #expect(!running.book.has(.shutDown("one")))
    }
  }

  @Test("answers a client that had connected but was not accepted yet, if it can")
  func waitingConnection() async throws {
    try await RunningServer.run { running in
      let client = try running.client()
      defer { client.close() }
      await client.send("order one\n")
      await running.stop()
      #expect(await client.rest() == ["one"])
    }
  }

  @Test("cuts off a client that does not read, and a reply that does not come, at the deadline")
  func deadline() async throws {
    try await RunningServer.run(drainTimeout: .milliseconds(50)) { running in
      let stuck = try running.client()
      let waiting = try running.client()
      defer {
        stuck.close()
        waiting.close()
      }
      await stuck.send(String(repeating: "big 10000\n", count: 2000))
      await waiting.send("defer order stay\norder two\n")
      await running.book.happened(.started("stay"))
      await running.stop()
      #expect(await waiting.rest() == ["stopped stay", "two"])
      #expect(await stuck.rest().count < 2000)
    }
  }
}
