import BearerJOSE
import BearerTestKit
import BearerTime
import Synchronization
import Testing

@testable import BearerKeys

/// Requests that ask for keys which are not there.
extension IssuerKeysTests {
  @Test("a rotation is found by the first token under the new key, and the removed key is gone with it")
  func rotation() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let outcomes = Outcomes()
      #expect(fixture.ask("b", outcomes).word == "waiting")
      #expect(fixture.ask("b", outcomes).word == "waiting")
      await fixture.answer(.success(.keys(try TestKeySets.fetched("b"))))
      #expect(await outcomes.next() == .arrived)
      #expect(await outcomes.next() == .arrived)
      #expect(fixture.keys.snapshot?.kids == ["b"])
      #expect(fixture.keys.snapshot?.generation == 2)
      #expect(fixture.source.fetches == 2)
    }
  }

  @Test("an asker whose snapshot was replaced meanwhile is told to look again")
  func lookAgain() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let decision = fixture.keys.requestKey(
        kid: Array("a".utf8), notIn: nil, now: fixture.clock.now, waitAtMost: .seconds(1),
        wait: WaitingRoom.Wait(user: 0, bytes: 0), wakeUp: { _ in })
      #expect(decision.word == "look again")
      #expect(fixture.source.fetches == 1)
    }
  }

  @Test("a kid that is still absent after its fetch is unknown at once")
  func absent() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let outcomes = Outcomes()
      #expect(fixture.ask("x", outcomes).word == "waiting")
      await fixture.answer(.success(.keys(try TestKeySets.fetched("a"))))
      #expect(await outcomes.next() == .arrived)
      #expect(fixture.ask("x").word == "unknown")
      #expect(fixture.keys.status(at: fixture.clock.now).activity == .coolingDown)
    }
  }

  @Test("10,000 bogus kids cost one fetch in a cool-down, and of them the newest wait in a third of the room")
  func flood() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      for round in 1...3 {
        let outcomes = Outcomes()
        var words: [String: Int] = [:]
        for number in 0..<10_000 {
          words[fixture.ask("bogus \(round) \(number)", outcomes).word, default: 0] += 1
        }
        #expect(words == ["waiting": 10_000])
        #expect(fixture.keys.status(at: fixture.clock.now).waiting == 2730)
        #expect(fixture.room.used == 2730 * WaitingRoom.bytesPerWait)
        await fixture.answer(.success(.keys(try TestKeySets.fetched("a"))))
        for number in 0..<10_000 {
          let outcome = await outcomes.next()
          #expect(outcome == (number < 7270 ? .failed(retryAfter: .seconds(1)) : .arrived))
        }
        #expect(fixture.room.used == 0)
        for number in 0..<10_000 { #expect(fixture.ask("bogus \(round) \(number)").word == "unknown") }
        #expect(fixture.source.fetches == 1 + round)
        #expect(fixture.keys.status(at: fixture.clock.now).rememberedAbsentKids <= KeysLimits.rememberedAbsentKids)
        #expect(fixture.keys.snapshot?.kids == ["a"])
        fixture.clock.advance(by: .seconds(30))
      }
    }
  }

  @Test("a wait ends with key_wait or the request's own deadline, whichever comes first")
  func timeouts() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let short = Outcomes()
      let long = Outcomes()
      #expect(fixture.ask("b", waitAtMost: .milliseconds(20), short).word == "waiting")
      #expect(fixture.ask("b", waitAtMost: .seconds(10), long).word == "waiting")
      #expect(fixture.ask("b", waitAtMost: .zero).word == "unavailable")
      fixture.clock.advance(by: .milliseconds(20))
      #expect(short.all == [.timedOut(retryAfter: .seconds(1))])
      fixture.clock.advance(by: .milliseconds(479))
      #expect(long.all == [])
      fixture.clock.advance(by: .milliseconds(1))
      #expect(long.all == [.timedOut(retryAfter: .seconds(1))])
      #expect(fixture.keys.status(at: fixture.clock.now).waiting == 0)
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      #expect(short.all.count == 1)
      #expect(long.all.count == 1)
    }
  }

  @Test("a wait that is given up frees its place, and nothing is delivered")
  func cancelledWait() async throws {
    let fixture = IssuerKeysFixture(capacity: 3 * WaitingRoom.bytesPerWait)
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let outcomes = Outcomes()
      let decision = fixture.ask("b", outcomes)
      let beyond = fixture.ask("b", bytes: 1)
      #expect(decision.wait?.isWithoutRoom == false)
      #expect(beyond.wait?.isWithoutRoom == true)
      #expect(fixture.room.used == WaitingRoom.bytesPerWait)
      beyond.wait?.cancel()
      #expect(fixture.room.used == WaitingRoom.bytesPerWait)
      decision.wait?.cancel()
      #expect(fixture.room.used == 0)
      #expect(fixture.clock.deadlines.allSatisfy { $0 > fixture.clock.now + .seconds(1) })
      let second = Outcomes()
      #expect(fixture.ask("b", second).word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      #expect(await second.next() == .arrived)
      #expect(outcomes.all == [])
    }
  }

  @Test("those who wait for a fetch that fails are told when the next one is")
  func failedWait() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      let outcomes = Outcomes()
      let call = await fixture.source.nextCall()
      #expect(fixture.ask("a", outcomes).word == "waiting")
      call?.answer(.failure(FetchFault(.dnsFailed, found: "a test")))
      guard case .failed(let retryAfter) = await outcomes.next() else {
        Issue.record("no failure was delivered")
        return
      }
      #expect(retryAfter >= .milliseconds(500) && retryAfter <= .seconds(1))
      fixture.clock.advance(by: retryAfter)
      await fixture.bring(try TestKeySets.fetched("a"))
    }
  }

  @Test("waiting for keys ends with keys, with cancellation, and with the daemon")
  func waitingForKeys() async throws {
    let fixture = IssuerKeysFixture()
    let keys = fixture.keys
    try await fixture.run {
      async let hasKeys = keys.waitUntilHasKeys()
      let cancelled = Task { await keys.waitUntilHasKeys() }
      cancelled.cancel()
      #expect(await cancelled.value == false)
      await fixture.fail()
      fixture.clock.advance(by: .seconds(1))
      await fixture.bring(try TestKeySets.fetched("a"))
      #expect(await hasKeys)
    }
    let other = IssuerKeysFixture().keys
    async let never = other.waitUntilHasKeys()
    other.shutDown()
    #expect(await never == false)
  }

  @Test("keys from the disk are what somebody waits for, unless they have expired")
  func awaitedSeed() async throws {
    for (age, isUsable) in [(3600, true), (87_000, false)] {
      let keys = IssuerKeysFixture().keys
      // Begun here and now, so that it waits by the time that the keys come.
      let hasKeys = Task.immediate { await keys.waitUntilHasKeys() }
      #expect(keys.restore(with: try TestKeySets.fetched("d"), age: .seconds(age)))
      keys.shutDown()
      #expect(await hasKeys.value == isUsable)
    }
  }

  @Test("those who wait for a fetch that never ends are told when it is given up")
  func hungFetch() async throws {
    let fixture = IssuerKeysFixture(RefreshSettings(keyWait: .seconds(60), timeout: .seconds(2), savedFetches: 1))
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let outcomes = Outcomes()
      #expect(fixture.ask("b", waitAtMost: .seconds(60), outcomes).word == "waiting")
      #expect(await fixture.source.nextCall() != nil)
      let end = fixture.clock.now + .seconds(5)
      while !fixture.clock.deadlines.contains(end) { await Task.yield() }
      fixture.clock.advance(by: .seconds(5))
      guard case .failed(let retryAfter) = await outcomes.next() else {
        Issue.record("no failure was delivered")
        return
      }
      #expect(retryAfter >= .seconds(5) && retryAfter <= .seconds(10))
      #expect(fixture.keys.status(at: fixture.clock.now).lastFault?.code == .timedOut)
    }
  }
}
