import BearerJOSE
import BearerTestKit
import BearerTime
import Synchronization
import Testing

@testable import BearerKeys

@Suite(.timeLimit(.minutes(10))) struct IssuerKeysTests {
  @Test("requests before the first keys wait for them, and find them")
  func firstKeys() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      let call = try #require(await fixture.source.nextCall())
      #expect(call.previous == nil)
      #expect(call.validators == nil)
      let outcomes = Outcomes()
      #expect(fixture.ask("a", outcomes).word == "waiting")
      #expect(fixture.keys.snapshot == nil)
      call.answer(.success(.keys(try TestKeySets.fetched("a"))))
      #expect(await outcomes.next() == .arrived)
      #expect(fixture.keys.snapshot?.kids == ["a"])
      #expect(fixture.keys.health(at: fixture.clock.now) == .fresh)
      #expect(await fixture.keys.waitUntilHasKeys())
    }
    #expect(fixture.source.fetches == 1)
  }

  @Test("keys are refreshed ahead of their lifetime's end, with the validators of the last answer")
  func refreshAhead() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a", etag: "one"))
      fixture.clock.advance(by: .seconds(541))
      let call = try #require(await fixture.source.nextCall())
      #expect(call.validators == FetchValidators(etag: "one"))
      #expect(call.previous?.entries.compactMap(\.kid) == ["a"])
      #expect(fixture.keys.health(at: fixture.clock.now) == .fresh)
      call.answer(.success(.unchanged(lifetime: nil, validators: FetchValidators(etag: "two"))))
      await fixture.changed { if case .confirmed = $0 { true } else { false } }
      let snapshot = try #require(fixture.keys.snapshot)
      #expect(snapshot.generation == 1)
      #expect(snapshot.validatedAt == fixture.clock.now)
      // The age that replies tell counts from the confirmation, too.
      #expect(snapshot.state(at: fixture.clock.now + .seconds(700)) == .stale(age: .seconds(700)))
    }
  }

  @Test("who asks for news is never told \"unchanged\": only a fetch on schedule sends validators")
  func unconditional() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a", etag: "one"))
      // A provider gave another set the same tag: nothing but an unconditional question brings it.
      #expect(fixture.ask("b").word == "waiting")
      let forKid = try #require(await fixture.source.nextCall())
      #expect(forKid.validators == nil)
      forKid.answer(.success(.keys(try TestKeySets.fetched("b", etag: "one"))))
      await fixture.changed { if case .replaced = $0 { true } else { false } }
      #expect(fixture.keys.snapshot?.kids == ["b"])
      let keys = fixture.keys
      let refresh = Task { await keys.refresh() }
      let requested = try #require(await fixture.source.nextCall())
      #expect(requested.validators == nil)
      requested.answer(.failure(FetchFault(.httpStatus, found: "503")))
      _ = await refresh.value
      fixture.clock.advance(by: .seconds(60))
      let retried = try #require(await fixture.source.nextCall())
      #expect(retried.validators == nil)
      retried.answer(.success(.keys(try TestKeySets.fetched("b", etag: "two"))))
      await fixture.changed { if case .confirmed = $0 { true } else { false } }
      fixture.clock.advance(by: .seconds(541))
      #expect(await fixture.source.nextCall()?.validators == FetchValidators(etag: "two"))
    }
  }

  @Test("where the keys are is found out anew for an operator, and after a kid that the known place does not have")
  func discoveryForgotten() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      #expect(fixture.source.reminders == [])
      #expect(fixture.ask("b").word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      #expect(fixture.source.reminders == ["caches"])
      fixture.clock.advance(by: .seconds(30))
      #expect(fixture.ask("c").word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      #expect(fixture.source.reminders == ["caches", "caches", "discovery"])
      let keys = fixture.keys
      let refresh = Task { await keys.refresh() }
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      _ = await refresh.value
      #expect(fixture.source.reminders == ["caches", "caches", "discovery", "discovery", "caches"])
    }
  }

  /// Settings under which a second look can be taken.
  private static let withSecondLook = RefreshSettings(savedFetches: 4)

  @Test("a cache that repeats the old set does not hide a new key: it is asked past, and who waits goes on waiting")
  func secondLook() async throws {
    let fixture = IssuerKeysFixture(Self.withSecondLook)
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let outcomes = Outcomes()
      #expect(fixture.ask("b", outcomes).word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a"))
      let second = try #require(await fixture.source.nextCall())
      #expect(fixture.source.reminders == ["caches"])
      #expect(second.validators == nil)
      #expect(outcomes.all == [])
      second.answer(.success(.keys(try TestKeySets.fetched("a", "b"))))
      #expect(await outcomes.next() == .arrived)
      #expect(fixture.keys.snapshot?.kids == ["a", "b"])
      #expect(outcomes.all.count == 1)
    }
    #expect(fixture.source.fetches == 3)
  }

  @Test("an answer with Age that lacks the key is asked past too, and its keys are in use meanwhile")
  func secondLookAfterAge() async throws {
    let fixture = IssuerKeysFixture(Self.withSecondLook)
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let (b, c) = (Outcomes(), Outcomes())
      #expect(fixture.ask("b", b).word == "waiting")
      #expect(fixture.ask("c", c).word == "waiting")
      var kept = try TestKeySets.fetched("a", "b")
      kept.isFromCache = true
      await fixture.bring(kept)
      #expect(await b.next() == .arrived)
      #expect(await c.next() == .arrived)
      #expect(fixture.keys.snapshot?.kids == ["a", "b"])
      #expect(fixture.ask("c", c).word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a", "b", "c"))
      #expect(await c.next() == .arrived)
      #expect(fixture.keys.snapshot?.kids == ["a", "b", "c"])
      #expect(fixture.source.reminders == ["caches"])
    }
    #expect(fixture.source.fetches == 3)
  }

  @Test("no second look at an answer that brought every key that was asked for, nor at one that no cache kept")
  func noSecondLook() async throws {
    let fixture = IssuerKeysFixture(Self.withSecondLook)
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      #expect(fixture.ask("b").word == "waiting")
      var kept = try TestKeySets.fetched("a", "b")
      kept.isFromCache = true
      await fixture.bring(kept)
      let outcomes = Outcomes()
      #expect(fixture.ask("d", outcomes).word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a", "b", "c"))
      #expect(await outcomes.next() == .arrived)
      #expect(fixture.ask("d").word == "unknown")
      #expect(fixture.source.reminders == [])
    }
    #expect(fixture.source.fetches == 3)
  }

  @Test("an answer \"unchanged\" without a lifetime of its own leaves the set its own, and does not lengthen it")
  func unchangedKeepsLifetime() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      var fetched = try TestKeySets.fetched("a", etag: "one")
      fetched.lifetime = .seconds(120)
      await fixture.bring(fetched)
      fixture.clock.advance(by: .seconds(110))
      await fixture.answer(.success(.unchanged(lifetime: nil, validators: FetchValidators(etag: "one"))))
      await fixture.changed { if case .confirmed = $0 { true } else { false } }
      #expect(fixture.keys.snapshot?.freshUntil == fixture.clock.now + .seconds(120))
      // The same set with 200 and no header has the operator's lifetime.
      fixture.clock.advance(by: .seconds(110))
      await fixture.bring(try TestKeySets.fetched("a"))
      #expect(fixture.keys.snapshot?.freshUntil == fixture.clock.now + .seconds(600))
    }
  }

  @Test("the same body again is a confirmation, so that facts about its keys stay")
  func sameBody() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let before = fixture.keys.snapshot
      fixture.clock.advance(by: .seconds(541))
      await fixture.bring(try TestKeySets.fetched("a"))
      #expect(fixture.keys.snapshot?.generation == before?.generation)
      #expect(fixture.keys.snapshot?.validatedAt == fixture.clock.now)
    }
  }

  @Test("a failed refresh keeps the keys; past their lifetime they are stale, past max_stale expired")
  func outage() async throws {
    let fixture = IssuerKeysFixture(RefreshSettings(maximumStale: .seconds(600), savedFetches: 1))
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      fixture.clock.advance(by: .seconds(541))
      await fixture.fail(.tlsExpired)
      #expect(fixture.keys.snapshot?.kids == ["a"])
      let status = fixture.keys.status(at: fixture.clock.now)
      #expect(status.health == .fresh)
      #expect(status.activity == .backingOff)
      #expect(status.lastFault?.code == .tlsExpired)
      #expect(status.sinceLastFault == .zero)
      #expect(status.sinceLastSuccess == .seconds(541))
      #expect(status.consecutiveFailures == 1)
      #expect(status.fetches == 2)
      #expect(status.failures == 1)
      fixture.clock.advance(by: .seconds(59))
      await fixture.changed { if case .health(.stale) = $0 { true } else { false } }
      await fixture.fail()
      #expect(fixture.keys.snapshot?.state(at: fixture.clock.now) == .stale(age: .seconds(600)))
      fixture.clock.advance(by: .seconds(600))
      await fixture.changed { if case .health(.expired) = $0 { true } else { false } }
      #expect(fixture.keys.snapshot?.state(at: fixture.clock.now) == .expired)
      let outcomes = Outcomes()
      #expect(fixture.ask("a", outcomes).word == "waiting")
      await fixture.bring(try TestKeySets.fetched("b"))
      #expect(await outcomes.next() == .arrived)
      await fixture.changed { if case .health(.fresh) = $0 { true } else { false } }
      #expect(fixture.keys.snapshot?.kids == ["b"])
    }
  }
}
