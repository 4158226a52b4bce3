import BearerTestKit
import BearerTime
import Synchronization
import Testing

@testable import BearerKeys

/// Places, deadlines and cancellation of those who wait.
@Suite struct WaitersTests {
  /// A plain list of the same waits, searched from end to end.
  private struct Model {
    struct Wait {
      let name: Int
      let id: Waiters<Int>.ID
      let deadline: MonotonicTime?
    }

    var waits: [Wait] = []

    mutating func remove(_ id: Waiters<Int>.ID) -> Int? {
      waits.firstIndex { $0.id == id }.map { waits.remove(at: $0).name }
    }

    mutating func removeDue(at now: MonotonicTime) -> [Int] {
      let due = waits.filter { $0.deadline.map { $0 <= now } ?? false }
        .sorted { ($0.deadline ?? .zero, $0.id) < ($1.deadline ?? .zero, $1.id) }
      waits.removeAll { wait in due.contains { $0.name == wait.name } }
      return due.map(\.name)
    }
  }

  /// What was woken, in order, by name.
  private final class Woken: Sendable {
    private let names = Mutex<[Int]>([])

    func wakeUp(_ name: Int) -> Waiters<Int>.WakeUp {
      { [self] _ in names.withLock { $0.append(name) } }
    }

    func take() -> [Int] {
      names.withLock { names in
        defer { names = [] }
        return names
      }
    }
  }

  @Test("random histories end as those of a plain list do", arguments: 1...100 as ClosedRange<UInt64>)
  func histories(seed: UInt64) {
    var chance = JitterGenerator(seed: seed)
    var waiters = Waiters<Int>()
    var model = Model()
    let woken = Woken()
    var now = MonotonicTime.zero
    var reserved: [Waiters<Int>.ID] = []
    var gone: [Waiters<Int>.ID] = []
    for name in 0..<400 {
      switch Int.random(in: 0..<20, using: &chance) {
      case 0..<9:
        let deadline = Bool.random(using: &chance) ? now + .seconds(Int.random(in: 0..<30, using: &chance)) : nil
        let id = waiters.add(until: deadline, woken.wakeUp(name))
        model.waits.append(.init(name: name, id: id, deadline: deadline))
      case 9: reserved.append(waiters.reserve())
      case 10:
        guard let id = reserved.popLast() else { continue }
        waiters.begin(id, until: now + .seconds(5), woken.wakeUp(name))
        model.waits.append(.init(name: name, id: id, deadline: now + .seconds(5)))
        model.waits.sort { $0.id < $1.id }
      case 11..<15:
        guard let wait = model.waits.randomElement(using: &chance) else { continue }
        #expect(model.remove(wait.id) == wait.name)
        waiters.remove(wait.id)?(0)
        #expect(woken.take() == [wait.name])
        gone.append(wait.id)
      case 15:
        waiters.removeFirst()?(0)
        #expect(woken.take() == model.waits.first.map { [$0.name] } ?? [])
        if !model.waits.isEmpty { model.waits.removeFirst() }
      case 16: for id in gone { #expect(waiters.remove(id) == nil) }
      case 17..<19:
        now = now + .seconds(Int.random(in: 0..<8, using: &chance))
        for wakeUp in waiters.removeDue(at: now) { wakeUp(0) }
        #expect(woken.take() == model.removeDue(at: now))
      default:
        if Int.random(in: 0..<5, using: &chance) > 0 { continue }
        for wakeUp in waiters.removeAll() { wakeUp(0) }
        #expect(woken.take() == model.waits.map(\.name))
        model.waits = []
      }
      #expect(waiters.count == model.waits.count)
      #expect(waiters.isEmpty == model.waits.isEmpty)
      #expect(waiters.nextDeadline == model.waits.compactMap(\.deadline).min())
    }
  }

  @Test("100,000 waits come and go in any order")
  func many() {
    var waiters = Waiters<Int>()
    let woken = Woken()
    var ids = (0..<100_000).map { name in waiters.add(until: .zero + .seconds(name % 7), woken.wakeUp(name)) }
    var chance = JitterGenerator(seed: 1)
    ids.shuffle(using: &chance)
    for id in ids.dropLast(10) { waiters.remove(id) }
    #expect(waiters.count == 10)
    for wakeUp in waiters.removeAll() { wakeUp(0) }
    #expect(woken.take().count == 10)
  }
}

/// One alarm for all waits of an issuer.
@Suite struct WaitAlarmTests {
  @Test("1,000 waits of different length end each at its own time, with one alarm set at a time")
  func oneAlarm() async throws {
    let fixture = IssuerKeysFixture(
      RefreshSettings(keyWait: .seconds(60), timeout: .seconds(600), savedFetches: 1))
    try await fixture.run {
      await fixture.bring(try TestKeySets.fetched("a"))
      let outcomes = Outcomes()
      for number in 0..<1000 {
        #expect(fixture.ask("b", waitAtMost: .milliseconds(1000 - number), outcomes).word == "waiting")
      }
      let soon = fixture.clock.now + .seconds(2)
      #expect(fixture.clock.deadlines.filter { $0 < soon } == [fixture.clock.now + .milliseconds(1)])
      for ended in 1...1000 {
        fixture.clock.advance(by: .milliseconds(1))
        #expect(outcomes.all.count == ended)
      }
      #expect(fixture.clock.deadlines.allSatisfy { $0 > soon })
    }
  }
}
