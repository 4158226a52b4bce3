import BearerJOSE
import BearerTestKit
import BearerTime
import Synchronization
import Testing

@testable import BearerKeys

/// What comes from outside: an operator's refresh, the disk, a file, a reload, the end.
extension IssuerKeysTests {
  @Test("keys for which somebody vouched who is not trusted any more go at the next success, or within a minute")
  func trustChanged() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let settings = RefreshSettings(savedFetches: 1)
      let other = ScriptedKeySource()
      fixture.keys.update(settings: settings, source: other, trustChanged: true)
      fixture.clock.advance(by: .seconds(30))
      // Once more does not make it longer.
      let another = ScriptedKeySource()
      fixture.keys.update(settings: settings, source: another, trustChanged: true)
      let soon = fixture.clock.now + .seconds(30)
      #expect(fixture.keys.health(at: soon - .nanoseconds(1)) == .fresh)
      #expect(fixture.keys.health(at: soon) == .expired)
      #expect(fixture.keys.snapshot?.trustChanges == 0)
      await another.nextCall()?.answer(.success(.keys(try TestKeySets.fetched("a"))))
      await fixture.changed { if case .confirmed = $0 { true } else { false } }
      #expect(fixture.keys.health(at: soon) == .fresh)
      #expect(fixture.keys.snapshot?.trustChanges == 2)
    }
  }

  @Test("an explicit refresh tells what came and went, and is limited")
  func refresh() async throws {
    let fixture = IssuerKeysFixture()
    let keys = fixture.keys
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      async let first = keys.refresh()
      let call = try #require(await fixture.source.nextCall())
      async let second = keys.refresh()
      while keys.status(at: .zero).refreshing < 2 { await Task.yield() }
      call.answer(.success(.keys(try TestKeySets.fetched("b", "c"))))
      let change = KeySetChange(keys: 2, added: ["c"], removed: ["a"], changed: true)
      #expect(await first == .refreshed(change))
      #expect(await second == .refreshed(change))
      fixture.clock.advance(by: .seconds(4))
      #expect(await keys.refresh() == .limited(retryAfter: .seconds(6)))
      fixture.clock.advance(by: .seconds(6))
      async let third = keys.refresh()
      await fixture.answer(.failure(FetchFault(.httpStatus, found: "503")))
      #expect(await third == .failed(FetchFault(.httpStatus, found: "503")))
      #expect(keys.snapshot?.kids == ["b", "c"])
      fixture.clock.advance(by: .seconds(10))
      async let fourth = keys.refresh()
      await fixture.answer(.success(.unchanged(lifetime: nil, validators: FetchValidators())))
      #expect(await fourth == .refreshed(KeySetChange(keys: 2, added: [], removed: [], changed: false)))
    }
    #expect(await keys.refresh() == .shuttingDown)
  }

  @Test("a refresh whose asker goes holds no place, and its fetch goes on")
  func abandonedRefresh() async throws {
    let fixture = IssuerKeysFixture()
    let keys = fixture.keys
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let asker = Task { await keys.refresh() }
      let call = try #require(await fixture.source.nextCall())
      #expect(keys.status(at: .zero).refreshing == 1)
      asker.cancel()
      #expect(await asker.value == .shuttingDown)
      #expect(keys.status(at: .zero).refreshing == 0)
      call.answer(.success(.keys(try TestKeySets.fetched("b"))))
      await fixture.changed { if case .replaced = $0 { true } else { false } }
      #expect(keys.snapshot?.kids == ["b"])
    }
  }

  @Test("keys from the disk are used at once and give way to the provider's")
  func seeded() async throws {
    let fixture = IssuerKeysFixture()
    #expect(fixture.keys.restore(with: try TestKeySets.fetched("d", etag: "disk"), age: .seconds(3600)))
    #expect(fixture.keys.snapshot?.state(at: fixture.clock.now) == .stale(age: .seconds(3600)))
    #expect(await fixture.keys.waitUntilHasKeys())
    #expect(fixture.keys.restore(with: try TestKeySets.fetched("e"), age: .zero) == false)
    try await fixture.run {
      let call = try #require(await fixture.source.nextCall())
      // Whether what was kept still holds is asked in full.
      #expect(call.validators == nil)
      call.answer(.success(.keys(try TestKeySets.fetched("f"))))
      let change = await fixture.changed { if case .replaced = $0 { true } else { false } }
      guard case .replaced(_, let difference) = change else { return }
      #expect(difference == KeySetChange(keys: 1, added: ["f"], removed: ["d"], changed: true))
      #expect(fixture.keys.snapshot?.state(at: fixture.clock.now) == .fresh)
    }
  }

  @Test("a file that changed is read again, once more if it changed meanwhile")
  func file() async throws {
    let fixture = IssuerKeysFixture(RefreshSettings(renewal: .fileChanges, savedFetches: 1))
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      fixture.clock.advance(by: .seconds(1_000_000))
      #expect(fixture.keys.health(at: fixture.clock.now) == .fresh)
      #expect(fixture.clock.deadlines == [])
      #expect(fixture.ask("b").word == "unknown")
      fixture.keys.fileChanged()
      let call = await fixture.source.nextCall()
      fixture.keys.fileChanged()
      fixture.keys.fileChanged()
      let outcomes = Outcomes()
      #expect(fixture.ask("b", outcomes).word == "waiting")
      call?.answer(.failure(FetchFault(.notJSON, found: "half a file")))
      await fixture.answer(.success(.keys(try TestKeySets.fetched("b"))))
      #expect(await outcomes.next() == .arrived)
      #expect(fixture.keys.snapshot?.kids == ["b"])
      #expect(fixture.source.fetches == 3)
    }
  }

  @Test("a reload with another way to the keys tries it at once, and the old way's answer does not count")
  func reload() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a", etag: "old"))
      fixture.clock.advance(by: .seconds(541))
      let late = try #require(await fixture.source.nextCall())
      let newSource = ScriptedKeySource()
      fixture.keys.update(settings: RefreshSettings(refresh: .seconds(60), savedFetches: 1), source: newSource)
      #expect(fixture.keys.snapshot?.kids == ["a"])
      #expect(fixture.keys.snapshot?.state(at: fixture.clock.now) == .stale(age: .seconds(541)))
      let call = try #require(await newSource.nextCall())
      #expect(call.validators == nil)
      late.answer(.success(.keys(try TestKeySets.fetched("late"))))
      call.answer(.success(.keys(try TestKeySets.fetched("b"))))
      await fixture.changed { if case .replaced = $0 { true } else { false } }
      #expect(fixture.keys.snapshot?.kids == ["b"])
    }
  }

  @Test("a reload that makes keys stale before the next attempt is told at that moment")
  func nearerBounds() async throws {
    let fixture = IssuerKeysFixture(RefreshSettings(refresh: .seconds(86_400), savedFetches: 1))
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      async let refreshed = fixture.keys.refresh()
      await fixture.fail()
      #expect(await refreshed != .shuttingDown)
      for _ in 1...5 {
        fixture.clock.advance(by: .seconds(300))
        await fixture.fail()
      }
      #expect(fixture.keys.status(at: fixture.clock.now).nextAttemptIn.map { $0 >= .seconds(150) } == true)
      // 1,500 s after the keys came.
      fixture.keys.update(settings: RefreshSettings(refresh: .seconds(1600), savedFetches: 1))
      while !fixture.clock.deadlines.contains(.zero + .seconds(1600)) { await Task.yield() }
      fixture.clock.advance(by: .seconds(100))
      await fixture.changed { if case .health(.stale(age: .seconds(1600))) = $0 { true } else { false } }
    }
  }

  @Test("an answer that comes after the stop changes nothing")
  func lateAnswer() async {
    let source = StoppingSource()
    let keys = IssuerKeys(settings: RefreshSettings(savedFetches: 1), source: source, clock: ManualClock())
    source.keys.withLock { $0 = keys }
    await keys.run()
    #expect(keys.snapshot == nil)
    #expect(keys.status(at: .zero).lastFault == nil)
  }

  /// Stops the owner of the keys before it answers.
  private final class StoppingSource: KeySource {
    let keys = Mutex<IssuerKeys?>(nil)

    func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
      keys.withLock(\.self)?.shutDown()
      do {
        return .success(.keys(try TestKeySets.fetched("late")))
      } catch {
        return .failure(FetchFault(.noUsableKey, found: "\(error)"))
      }
    }
  }

  @Test("shutting down ends every wait and every answer")
  func shutDown() async throws {
    let fixture = IssuerKeysFixture()
    let outcomes = Outcomes()
    let keys = fixture.keys
    var refresh: Task<RefreshReport, Never>?
    try await fixture.run {
      _ = await fixture.source.nextCall()
      #expect(fixture.ask("a", outcomes).word == "waiting")
      refresh = Task { await keys.refresh() }
      while keys.status(at: .zero).refreshing < 1 { await Task.yield() }
    }
    #expect(await refresh?.value == .shuttingDown)
    #expect(outcomes.all == [.shuttingDown])
    #expect(fixture.ask("a").word == "shutting down")
    #expect(fixture.clock.deadlines == [])
  }

  @Test("cancelling the task ends it, and every wait with it")
  func cancellation() async throws {
    let fixture = IssuerKeysFixture()
    let keys = fixture.keys
    let task = Task { await keys.run() }
    _ = await fixture.source.nextCall()
    let outcomes = Outcomes()
    #expect(fixture.ask("a", outcomes).word == "waiting")
    task.cancel()
    await task.value
    #expect(outcomes.all == [.shuttingDown])
  }
}
