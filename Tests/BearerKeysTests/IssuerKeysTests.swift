import BearerJOSE
import BearerKeys
import BearerTestKit
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct IssuerKeysTests {
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
      #expect(snapshot.obtainedAt == .zero)
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
      requested.answer(.failure(FetchFault(.httpStatus, "503")))
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
      #expect(fixture.source.discoveriesForgotten == 0)
      #expect(fixture.ask("b").word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      #expect(fixture.source.discoveriesForgotten == 0)
      fixture.clock.advance(by: .seconds(30))
      #expect(fixture.ask("c").word == "waiting")
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      #expect(fixture.source.discoveriesForgotten == 1)
      let keys = fixture.keys
      let refresh = Task { await keys.refresh() }
      await fixture.bring(try TestKeySets.fetched("a", "b"))
      _ = await refresh.value
      #expect(fixture.source.discoveriesForgotten == 2)
    }
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
    let fixture = IssuerKeysFixture(RefreshSettings(maximumStale: .seconds(600)))
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
        kid: Array("a".utf8), notIn: nil, now: fixture.clock.now, waitAtMost: .seconds(1), deliver: { _ in })
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

  @Test("10,000 bogus kids cost one fetch in a cool-down, bounded waits and bounded memory")
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
        #expect(words == ["waiting": 16, "unavailable": 9984])
        #expect(fixture.keys.status(at: fixture.clock.now).waiting == 16)
        await fixture.answer(.success(.keys(try TestKeySets.fetched("a"))))
        for _ in 0..<16 { #expect(await outcomes.next() == .arrived) }
        for number in 0..<10_000 { #expect(fixture.ask("bogus \(round) \(number)").word == "unknown") }
        #expect(fixture.source.fetches == 1 + round)
        #expect(fixture.keys.status(at: fixture.clock.now).rememberedAbsentKids <= 16 * round)
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
    let fixture = IssuerKeysFixture(RefreshSettings(waitingPerIssuer: 1))
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let outcomes = Outcomes()
      let decision = fixture.ask("b", outcomes)
      #expect(fixture.ask("b").word == "unavailable")
      decision.wait?.cancel()
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
      call?.answer(.failure(FetchFault(.dnsFailed, "a test")))
      guard case .failed(let retryAfter) = await outcomes.next() else {
        Issue.record("no failure was delivered")
        return
      }
      #expect(retryAfter >= .milliseconds(500) && retryAfter <= .seconds(1))
      fixture.clock.advance(by: retryAfter)
      await fixture.bring(try TestKeySets.fetched("a"))
    }
  }

  @Test("each failure in a row is told with its number")
  func failuresInRow() async throws {
    let fixture = IssuerKeysFixture()
    try await fixture.run {
      for number in 1...3 {
        await fixture.answer(.failure(FetchFault(.dnsFailed, "a test")))
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
      await fixture.answer(.failure(FetchFault(.httpStatus, "503")))
      #expect(await third == .failed(FetchFault(.httpStatus, "503")))
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
    #expect(fixture.keys.seed(with: try TestKeySets.fetched("d", etag: "disk"), age: .seconds(3600)))
    #expect(fixture.keys.snapshot?.state(at: fixture.clock.now) == .stale(age: .seconds(3600)))
    #expect(await fixture.keys.waitUntilHasKeys())
    #expect(fixture.keys.seed(with: try TestKeySets.fetched("e"), age: .zero) == false)
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

  @Test("keys from the disk are what somebody waits for, unless they have expired")
  func awaitedSeed() async throws {
    for (age, isUsable) in [(3600, true), (87_000, false)] {
      let keys = IssuerKeysFixture().keys
      // Begun here and now, so that it waits by the time that the keys come.
      let hasKeys = Task.immediate { await keys.waitUntilHasKeys() }
      #expect(keys.seed(with: try TestKeySets.fetched("d"), age: .seconds(age)))
      keys.shutDown()
      #expect(await hasKeys.value == isUsable)
    }
  }

  @Test("those who wait for a fetch that never ends are told when it is given up")
  func hungFetch() async throws {
    let fixture = IssuerKeysFixture(RefreshSettings(keyWait: .seconds(60), timeout: .seconds(2)))
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

  @Test("a file that changed is read again, once more if it changed meanwhile")
  func file() async throws {
    let fixture = IssuerKeysFixture(RefreshSettings(renewal: .fileChanges))
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
      call?.answer(.failure(FetchFault(.notJSON, "half a file")))
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
      fixture.keys.update(settings: RefreshSettings(refresh: .seconds(60)), source: newSource)
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
    let fixture = IssuerKeysFixture(RefreshSettings(refresh: .seconds(86_400)))
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
      fixture.keys.update(settings: RefreshSettings(refresh: .seconds(1600)))
      while !fixture.clock.deadlines.contains(.zero + .seconds(1600)) { await Task.yield() }
      fixture.clock.advance(by: .seconds(100))
      await fixture.changed { if case .health(.stale(age: .seconds(1600))) = $0 { true } else { false } }
    }
  }

  @Test("an answer that comes after the stop changes nothing")
  func lateAnswer() async {
    let source = StoppingSource()
    let keys = IssuerKeys(name: "example", settings: RefreshSettings(), source: source, clock: ManualClock())
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
        return .failure(FetchFault(.noUsableKey, "\(error)"))
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
      call.answer(.failure(FetchFault(.timedOut, "a test")))
      #expect(await refreshed == .failed(FetchFault(.timedOut, "a test")))
      fixture.clock.advance(by: .seconds(1))
      #expect(status().activity == .backingOff)
      #expect(status().lastFault == FetchFault(.timedOut, "a test"))
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
      #expect(status.keys.map(\.problem) == [nil, "unsupported_kty"])
      #expect(status.usableKeys == 1)
    }
  }
}
