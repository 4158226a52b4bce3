import BearerJOSE
import BearerTestKit
import BearerTime
import Synchronization

@testable import BearerKeys

/// One issuer's keys with a clock, a source and a listener that the test owns.
struct IssuerKeysFixture {
  let clock = ManualClock()
  let source = ScriptedKeySource()
  let room: WaitingRoom
  let keys: IssuerKeys
  private let changes: AsyncStream<IssuerKeysChange>

  init(
    _ settings: RefreshSettings = RefreshSettings(savedFetches: 1), capacity: Int = WaitingRoom.defaultCapacity
  ) {
    let (changes, listener) = AsyncStream<IssuerKeysChange>.makeStream()
    self.changes = changes
    room = WaitingRoom(capacity: capacity)
    keys = IssuerKeys(
      settings: settings, source: source, clock: clock, room: room, jitter: JitterGenerator(seed: 1)
    ) { listener.yield($0) }
  }

  /// Runs `body` beside the task that keeps the keys, which ends with it.
  func run(_ body: () async throws -> Void) async throws {
    let keys = keys
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await keys.run() }
      defer { keys.shutDown() }
      try await body()
    }
  }

  /// Answers the next fetch, which must come.
  func answer(_ result: Result<FetchOutcome, FetchFault>) async {
    await source.nextCall()?.answer(result)
  }

  /// Answers the next fetch and waits until the answer is in force.
  func bring(_ fetched: FetchedKeys) async {
    await answer(.success(.keys(fetched)))
    await changed { if case .replaced = $0 { true } else if case .confirmed = $0 { true } else { false } }
  }

  /// Fails the next fetch and waits until that is known.
  func fail(_ code: FetchFault.Code = .connectFailed) async {
    await answer(.failure(FetchFault(code, found: "a test")))
    await changed { if case .failed = $0 { true } else { false } }
  }

  /// Waits for a change of this kind; earlier ones of other kinds are passed over.
  @discardableResult
  func changed(_ isMeant: (IssuerKeysChange) -> Bool) async -> IssuerKeysChange? {
    for await change in changes where isMeant(change) { return change }
    return nil
  }

  /// Asks for a key as a verifier does that looked into the snapshot.
  func ask(
    _ kid: String, waitAtMost: Duration = .seconds(10), _ outcomes: Outcomes = Outcomes(), user: UInt32 = 1000,
    bytes: Int = 0
  ) -> KeyRequestDecision {
    let now = clock.now
    let snapshot = keys.snapshot
    let isUsable = snapshot?.state(at: now).isUsable ?? false
    return keys.requestKey(
      kid: Array(kid.utf8), notIn: isUsable ? snapshot?.generation : nil, now: now, waitAtMost: waitAtMost,
      wait: WaitingRoom.Wait(user: user, bytes: bytes), wakeUp: { outcomes.add($0) })
  }
}

/// What was delivered to waits, in order.
final class Outcomes: Sendable {
  private let delivered = Mutex<[KeyWaitOutcome]>([])
  private let arrivals: AsyncStream<KeyWaitOutcome>
  private let arrival: AsyncStream<KeyWaitOutcome>.Continuation

  init() {
    (arrivals, arrival) = AsyncStream.makeStream()
  }

  var all: [KeyWaitOutcome] { delivered.withLock(\.self) }

  func add(_ outcome: KeyWaitOutcome) {
    delivered.withLock { $0.append(outcome) }
    arrival.yield(outcome)
  }

  /// The next outcome that was not taken yet.
  func next() async -> KeyWaitOutcome? {
    for await outcome in arrivals { return outcome }
    return nil
  }
}

extension KeyRequestDecision {
  /// The decision in a word that tests compare.
  var word: String {
    switch self {
    case .lookAgain: "look again"
    case .unknownKey: "unknown"
    case .unavailable: "unavailable"
    case .waiting: "waiting"
    case .shuttingDown: "shutting down"
    }
  }

  /// The wait, if there is one.
  var wait: WaitHandle? {
    if case .waiting(let wait) = self { wait } else { nil }
  }
}

extension KeySnapshot {
  /// The kids of the set.
  var kids: [String] { keys.entries.compactMap(\.kid) }
}
