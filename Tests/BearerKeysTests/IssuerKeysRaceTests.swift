import BearerJOSE
import BearerTestKit
import Synchronization
import Testing

@testable import BearerKeys

/// A provider that rotates at every fetch and answers at once, from many threads' point of view.
@Suite(.timeLimit(.minutes(10))) struct IssuerKeysRaceTests {
  final class RotatingSource: KeySource {
    private let version = Mutex(0)

    func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
      let number = version.withLock { number in
        number += 1
        return number
      }
      do {
        return .success(.keys(try TestKeySets.fetched("\(number)")))
      } catch {
        return .failure(FetchFault(.noUsableKey, found: "\(error)"))
      }
    }
  }

  @Test("readers on many threads see whole sets in order, and each wait ends exactly once")
  func readers() async {
    // The readers move the clock by half an hour; a fetch must not be given up by it, for its number would be missing.
    let settings = RefreshSettings(
      unknownKeyCooldown: .seconds(1), keyWait: .seconds(30), timeout: .seconds(86_400), savedFetches: 1)
    let clock = ManualClock()
    let keys = IssuerKeys(settings: settings, source: RotatingSource(), clock: clock)
    let outcomes = Outcomes()
    let waits = await withTaskGroup(of: Int?.self) { group in
      group.addTask {
        await keys.run()
        return nil
      }
      for _ in 0..<4 {
        group.addTask {
          await keys.waitUntilHasKeys() ? Self.read(keys, clock, outcomes) : 0
        }
      }
      var waits = 0
      for _ in 0..<4 { if let result = await group.next() { waits += result ?? 0 } }
      keys.shutDown()
      return waits
    }
    #expect(waits > 0)
    #expect(outcomes.all.count == waits)
    #expect(keys.status(at: clock.now).waiting == 0)
  }

  private static func read(_ keys: IssuerKeys, _ clock: ManualClock, _ outcomes: Outcomes)
    -> Int
  {
    var waits = 0
    var last: UInt64 = 0
    for round in 0..<5_000 {
      guard let snapshot = keys.snapshot else { continue }
      #expect(snapshot.generation >= last)
      #expect(snapshot.kids == ["\(snapshot.generation)"])
      last = snapshot.generation
      let decision = keys.requestKey(
        kid: nil, notIn: snapshot.generation, now: clock.now, waitAtMost: .seconds(10),
        wait: WaitingRoom.Wait(user: 0, bytes: 0), wakeUp: { outcomes.add($0) })
      if decision.wait != nil { waits += 1 }
      if round % 10 == 0 { clock.advance(by: .seconds(1)) }
    }
    return waits
  }
}
