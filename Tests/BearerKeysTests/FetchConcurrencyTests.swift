import BearerTestKit
import BearerTime
import Synchronization
import Testing

@testable import BearerKeys

/// How many fetches run at once, and which come first.
@Suite(.timeLimit(.minutes(10))) struct FetchConcurrencyTests {
  private final class Order: Sendable {
    private let names = Mutex<[String]>([])

    func add(_ name: String) { names.withLock { $0.append(name) } }

    var all: [String] { names.withLock(\.self) }
  }

  /// Takes a place and notes when it has it; begins before it returns.
  private func take(
    _ name: String, _ concurrency: FetchConcurrency, _ order: Order, isUrgent: Bool = false
  ) -> (FetchConcurrency.Claim, Task<Bool, Never>) {
    let claim = concurrency.makeClaim()
    let task = Task.immediate {
      let isTaken = await concurrency.take(claim) {
        order.add("\(name) waits")
        return isUrgent
      }
      if isTaken { order.add(name) }
      return isTaken
    }
    return (claim, task)
  }

  @Test("who is waited for comes first, others in their order, and who gives up leaves no gap")
  func order() async {
    let concurrency = FetchConcurrency(count: 2)
    let order = Order()
    #expect(await take("a", concurrency, order).1.value)
    #expect(await take("b", concurrency, order).1.value)
    let (_, c) = take("c", concurrency, order)
    let (_, d) = take("d", concurrency, order)
    let (claim, e) = take("e", concurrency, order)
    let (_, f) = take("f", concurrency, order, isUrgent: true)
    concurrency.hurry(claim)
    concurrency.hurry(claim)
    d.cancel()
    #expect(await d.value == false)
    for task in [f, e, c] {
      concurrency.release()
      #expect(await task.value)
    }
    #expect(order.all == ["a", "b", "c waits", "d waits", "e waits", "f waits", "f", "e", "c"])
    concurrency.release()
    concurrency.release()
    #expect(await take("g", concurrency, order).1.value)
    #expect(await take("h", concurrency, order).1.value)
    #expect(order.all.suffix(2) == ["g", "h"])
  }

  @Test("a fetch that waits for a place is not given up, and a token that needs it brings it to the front")
  func hurried() async throws {
    let concurrency = FetchConcurrency(count: 1)
    let clock = ManualClock()
    let sources = [ScriptedKeySource(), ScriptedKeySource(), ScriptedKeySource()]
    let keys = sources.map {
      IssuerKeys(
        settings: RefreshSettings(timeout: .seconds(5)), source: $0, clock: clock, fetchConcurrency: concurrency)
    }
    await withTaskGroup(of: Void.self) { group in
      var first: ScriptedKeySource.Call?
      for (index, issuer) in keys.enumerated() {
        group.addTask { await issuer.run() }
        if index == 0 { first = await sources[0].nextCall() }
        while issuer.status(at: clock.now).fetches == 0 { await Task.yield() }
      }
      // Far beyond the time at which a fetch that has begun is given up; none of these has.
      for issuer in keys.dropFirst() { #expect(issuer.status(at: clock.now + .seconds(60)).failures == 0) }
      let outcomes = Outcomes()
      let decision = keys[2].requestKey(
        kid: nil, notIn: nil, now: clock.now, waitAtMost: .seconds(1), wait: WaitingRoom.Wait(user: 0, bytes: 0),
        wakeUp: { outcomes.add($0) })
      #expect(decision.word == "waiting")
      first?.answer(.failure(FetchFault(.timedOut, found: "a test")))
      let second = await sources[2].nextCall()
      #expect(sources.map(\.fetches) == [1, 0, 1])
      second?.answer(.failure(FetchFault(.timedOut, found: "a test")))
      #expect(await outcomes.next() != nil)
      #expect(await sources[1].nextCall() != nil)
      for issuer in keys { issuer.shutDown() }
    }
  }
}
