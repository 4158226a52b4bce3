import BearerJOSE
import BearerKeys
import BearerTestKit
import BearerTime
import Synchronization
import Testing

/// What is told of an issuer's keys.
extension IssuerKeysTests {
  @Test("each failure in a row is told with its number")
  func failuresInRow() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      for number in 1...3 {
        await fixture.answer(.failure(FetchFault(.dnsFailed, found: "a test")))
        let change = await fixture.changed { if case .failed = $0 { true } else { false } }
        guard case .failed(let fault, let failures) = change else {
          Issue.record("no failure was told")
          return
        }
        #expect(fault.code == .dnsFailed)
        #expect(failures == number)
        fixture.clock.advance(by: .seconds(30))
      }
    }
  }

  @Test("status says when what comes next")
  func status() async throws {
    let fixture = IssuerKeysFixture()
    #expect(fixture.keys.status(at: .zero).activity == .idle)
    #expect(fixture.keys.status(at: .zero).health == .empty)
    try await fixture.run {
      let call = await fixture.source.nextCall()
      #expect(fixture.keys.status(at: fixture.clock.now).activity == .fetching)
      call?.answer(.success(.keys(try TestKeySets.fetched("a", lifetime: .seconds(100)))))
      await fixture.changed { if case .replaced = $0 { true } else { false } }
      fixture.clock.advance(by: .seconds(40))
      let status = fixture.keys.status(at: fixture.clock.now)
      #expect(status.activity == .idle)
      #expect(status.health == .fresh)
      #expect(status.keys.map(\.kid) == ["a"])
      #expect(status.usableKeys == 1)
      #expect(status.age == .seconds(40))
      #expect(status.lifetimeLeft == .seconds(60))
      #expect(status.usableLeft == .seconds(86460))
      #expect(status.cooldownLeft == .zero)
      #expect(status.waiting == 0)
      let next = try #require(status.nextAttemptIn)
      #expect(next >= .seconds(30) && next <= .seconds(50))
    }
  }

  @Test("without a set in use, status lists the keys of the one that was refused; with one, its own")
  func refusedKeys() async throws {
    let fixture = IssuerKeysFixture()
    let bad = try TestKeySets.fetched("a", "b").keys
    var fault = FetchFault(.noUsableKey, found: "a test")
    fault.refusedKeys = bad.entries
    fault.refusedKeysLeftOut = 3
    try await fixture.run {
      await fixture.answer(.failure(fault))
      await fixture.changed { if case .failed = $0 { true } else { false } }
      var status = fixture.keys.status(at: fixture.clock.now)
      #expect(status.keys == bad.entries)
      #expect(status.keysLeftOut == 3)
      #expect(status.usableKeys == 0)
      fixture.clock.advance(by: .seconds(1))
      await fixture.bring(try TestKeySets.fetched("c"))
      status = fixture.keys.status(at: fixture.clock.now)
      #expect(status.keys.map(\.kid) == ["c"])
      #expect(status.keysLeftOut == 0)
    }
  }

  @Test("status keeps the times of attempts, successes and faults apart, and a fault beyond the success after it")
  func statusTimes() async throws {
    let fixture = IssuerKeysFixture()
    let keys = fixture.keys
    func status() -> IssuerKeysStatus { keys.status(at: fixture.clock.now) }
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      // 100 s: a fetch begins, and takes three seconds to fail.
      fixture.clock.advance(by: .seconds(100))
      async let refreshed = keys.refresh()
      let call = try #require(await fixture.source.nextCall())
      fixture.clock.advance(by: .seconds(3))
      #expect(status().activity == .refreshing)
      #expect(status().sinceLastAttempt == .seconds(3))
      #expect(status().nextAttemptIn == nil)
      call.answer(.failure(FetchFault(.timedOut, found: "a test")))
      #expect(await refreshed == .failed(FetchFault(.timedOut, found: "a test")))
      fixture.clock.advance(by: .seconds(1))
      #expect(status().activity == .backingOff)
      #expect(status().lastFault == FetchFault(.timedOut, found: "a test"))
      #expect(status().sinceLastFault == .seconds(1))
      #expect(status().sinceLastAttempt == .seconds(4))
      #expect(status().sinceLastSuccess == .seconds(104))
      #expect(status().cooldownLeft == .seconds(26))
      #expect(status().consecutiveFailures == 1)
      // 114 s: the retry has begun; it succeeds a second later.
      fixture.clock.advance(by: .seconds(10))
      let retry = try #require(await fixture.source.nextCall())
      fixture.clock.advance(by: .seconds(1))
      retry.answer(.success(.unchanged(lifetime: nil, validators: FetchValidators())))
      await fixture.changed { if case .confirmed = $0 { true } else { false } }
      fixture.clock.advance(by: .seconds(5))
      #expect(status().activity == .idle)
      #expect(status().sinceLastSuccess == .seconds(5))
      #expect(status().age == .seconds(5))
      #expect(status().lifetimeLeft == .seconds(595))
      #expect(status().lastFault?.code == .timedOut)
      #expect(status().sinceLastFault == .seconds(17))
      #expect(status().consecutiveFailures == 0)
      #expect(status().failures == 1)
      #expect(status().fetches == 3)
    }
  }

  @Test("a key that cannot be used is listed with its reason, and not counted as usable")
  func unusableKey() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      async let refreshed = fixture.keys.refresh()
      await fixture.answer(.success(.keys(try TestKeySets.fetched(usable: "a", unusable: "b"))))
      #expect(await refreshed == .refreshed(KeySetChange(keys: 2, added: ["b"], removed: [], changed: true)))
      let status = fixture.keys.status(at: fixture.clock.now)
      #expect(status.keys.map(\.kid) == ["a", "b"])
      #expect(status.keys.map(\.problem) == [nil, .unsupportedType])
      #expect(status.usableKeys == 1)
    }
  }
}
