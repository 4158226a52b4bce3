import BearerKeys
import BearerTime

/// Many daemons with one provider, in virtual time; each is the real state machine.
///
/// A value: copies go their own ways.
struct Fleet {
  private enum Happening {
    case start
    case alarm
    /// The answer to a fetch: the version of the provider's set, or a failure.
    case answer(sequence: UInt64, version: Int?)
    /// A token under the key of a version, and again until that is known; or one under a key that is gone.
    case token(version: Int)
    case deadToken(every: Double)
  }

  private struct Event {
    var time: MonotonicTime
    var daemon: Int
    var happening: Happening
  }

  private(set) var now = MonotonicTime.zero
  /// The version of the set that the provider publishes; each has the keys of its number only.
  var version = 1
  var isProviderUp = true
  /// Fetches by the second in which they began.
  private(set) var fetches: [Int: Int] = [:]

  private var machines: [RefreshStateMachine<Int>]
  private var random: JitterGenerator
  /// A binary heap, the earliest event first.
  private var heap: [Event] = []

  init(daemons: Int, seed: UInt64, settings: RefreshSettings = RefreshSettings()) {
    machines = Array(repeating: RefreshStateMachine(settings: settings), count: daemons)
    random = JitterGenerator(seed: seed)
  }

  // MARK: What may happen

  /// All daemons start within this time.
  mutating func start(within seconds: Double) {
    for daemon in machines.indices { push(.start, daemon, after: uniform(seconds)) }
  }

  /// The provider signs with the next version's key, and a first token of it meets each daemon within this time.
  mutating func rotate(tokensWithin seconds: Double) {
    version += 1
    for daemon in machines.indices { push(.token(version: version), daemon, after: uniform(seconds)) }
  }

  /// From now on a client of each daemon goes on sending a token under a key that is gone, once in this time.
  mutating func sendDeadTokens(every seconds: Double) {
    for daemon in machines.indices { push(.deadToken(every: seconds), daemon, after: uniform(seconds)) }
  }

  /// All daemons are replaced by new ones that know nothing.
  mutating func forgetAll(within seconds: Double) {
    heap = []
    machines = machines.map { RefreshStateMachine(settings: $0.settings) }
    start(within: seconds)
  }

  /// Lets time pass.
  mutating func run(for seconds: Double) {
    let end = now + .seconds(seconds)
    while let next = heap.first, next.time <= end {
      pop()
      now = next.time
      happen(next)
    }
    now = end
  }

  // MARK: What can be seen

  /// The second that is now.
  var second: Int { Int(now.duration(since: .zero).components.seconds) }

  /// The mean and the highest number of fetches per second from `start` to before `end`, and their sum.
  func rate(from start: Int, to end: Int) -> (mean: Double, peak: Int, sum: Int) {
    let counts = (start..<end).map { fetches[$0] ?? 0 }
    let sum = counts.reduce(0, +)
    return (Double(sum) / Double(max(counts.count, 1)), counts.max() ?? 0, sum)
  }

  /// How many daemons have the provider's set, within its lifetime.
  var upToDate: Int {
    machines.count { $0.held?.keys == version && $0.health(at: now) == .fresh }
  }

  /// How many daemons can verify tokens.
  var usable: Int {
    machines.count { $0.health(at: now).isUsable }
  }

  // MARK: The machine room

  private mutating func happen(_ event: Event) {
    let daemon = event.daemon
    let wakeBefore = machines[daemon].wakeAt
    switch event.happening {
    case .start: fetch(machines[daemon].start(at: now), daemon)
    case .alarm:
      // An alarm whose time was changed meanwhile has another in its place.
      guard machines[daemon].wakeAt == now else { return }
      fetch(machines[daemon].timerDue(at: now, jitter: &random), daemon)
    case .answer(let sequence, let version?):
      fetch(answered(daemon, sequence, version), daemon)
    case .answer(let sequence, nil):
      let fault = FetchFault(.timedOut, found: "")
      fetch(machines[daemon].failed(fault, sequence: sequence, at: now, jitter: &random).next, daemon)
    case .token(let version):
      // A known key asks for nothing.
      guard machines[daemon].held?.keys ?? 0 < version else { return }
      ask(KidFingerprint([UInt8(truncatingIfNeeded: version)]), daemon)
      push(event.happening, daemon, after: uniform(4))
    case .deadToken(let seconds):
      ask(KidFingerprint([]), daemon)
      push(event.happening, daemon, after: seconds * (0.5 + uniform(1)))
    }
    if let wakeAt = machines[daemon].wakeAt, wakeAt != wakeBefore {
      insert(Event(time: max(wakeAt, now), daemon: daemon, happening: .alarm))
    }
  }

  private mutating func ask(_ kid: KidFingerprint, _ daemon: Int) {
    let isUsable = machines[daemon].health(at: now).isUsable
    let generation = isUsable ? machines[daemon].held?.generation : nil
    fetch(machines[daemon].keyAsked(kid, notIn: generation, mayWait: true, at: now).next, daemon)
  }

  private mutating func answered(_ daemon: Int, _ sequence: UInt64, _ version: Int) -> FetchOrder? {
    if machines[daemon].held?.keys == version {
      let kids: Set = [KidFingerprint([UInt8(truncatingIfNeeded: version)])]
      return machines[daemon].confirmed(
        sequence: sequence, headerLifetime: nil, leavesDoubt: machines[daemon].lacksAskedKid(kids), at: now,
        jitter: &random
      ).next
    }
    return machines[daemon].fetched(version, sequence: sequence, headerLifetime: nil, at: now, jitter: &random).next
  }

  private mutating func fetch(_ order: FetchOrder?, _ daemon: Int) {
    guard let order else { return }
    fetches[second, default: 0] += 1
    // A provider that is down accepts and never answers: the slowest way to fail.
    let version = isProviderUp ? version : nil
    let duration = isProviderUp ? 0.05 + uniform(0.2) : 5
    push(.answer(sequence: order.sequence, version: version), daemon, after: duration)
  }

  private mutating func uniform(_ width: Double) -> Double {
    width * Double(random.next() >> 11) * 0x1p-53
  }

  private mutating func push(_ happening: Happening, _ daemon: Int, after seconds: Double) {
    insert(Event(time: now + .nanoseconds(Int64(seconds * 1e9)), daemon: daemon, happening: happening))
  }

  private mutating func insert(_ event: Event) {
    heap.append(event)
    var hole = heap.count - 1
    while hole > 0 {
      let parent = (hole - 1) / 2
      guard event.time < heap[parent].time else { break }
      heap[hole] = heap[parent]
      hole = parent
    }
    heap[hole] = event
  }

  private mutating func pop() {
    guard let last = heap.popLast(), !heap.isEmpty else { return }
    var hole = 0
    while true {
      var child = 2 * hole + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].time < heap[child].time { child += 1 }
      guard heap[child].time < last.time else { break }
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = last
  }
}
