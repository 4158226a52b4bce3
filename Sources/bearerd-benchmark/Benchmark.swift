import BearerCrypto
import BearerDaemon
import BearerDevIssuer
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerServer
import Glibc
import Logging
import ServiceLifecycle

/// Measures the daemon's own path and the floors that bound it, in turn in one run, and prints ratios.
///
/// The floors are libcrypto's verification of the same signature, and a bare loop of epoll_wait, read and write that
/// answers each line with as many bytes. Each figure is the median of its rounds; single figures of a shared machine say
/// little, the ratios say more. Processors are kept awake while sockets are measured (``AwakeProcessors``), unless
/// `--asleep` is given.
@main
struct Benchmark {
  static let rounds = 9
  static let issuerURL = "https://benchmark.example"

  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.first == AwakeProcessors.argument { return AwakeProcessors.stayAwake() }
    let options: Set = ["--json", "--asleep"]
    if let kind = arguments.first(where: { !options.contains($0) }) {
      return try await profile(kind, requests: arguments.last.flatMap { Int($0) } ?? 1_000_000)
    }
    results.isJSON = arguments.contains("--json")
    results.begin()
    for (algorithm, goal) in [(SigningAlgorithm.rs256, 0.8), (.es256, 0.92), (.edDSA, 0.94)] {
      measureVerifying(try Material(algorithm), goal: goal)
    }
    try await OpaqueBenchmark.measure(try Material(.rs256))
    let awake = arguments.contains("--asleep") ? nil : AwakeProcessors()
    try await SocketBenchmark.measure(try Material(.rs256))
    // The processes end with their owner.
    withExtendedLifetime(awake) {}
    results.end()
  }

  /// What was measured so far.
  // Safe because only the main task uses it.
  nonisolated(unsafe) private static var results = Report()

  static func report(_ what: String, _ microseconds: Double, _ ratio: Double?) {
    results.add(what, microseconds, ratio)
  }

  /// Reports whether a goal is met.
  static func judge(_ goal: String, _ isMet: Bool) { results.judge(goal, isMet) }

  /// For a profiler: one kind of request only, this many times: `known` or `new` in the process, or over a `socket`.
  static func profile(_ kind: String, requests: Int) async throws {
    let material = try Material(.rs256)
    if kind == "socket" { return try await SocketBenchmark.measure(material, requests: requests / (2 * rounds)) }
    let handler = material.handler(cacheBytes: kind == "known" ? 16 << 20 : Self.smallCache)
    var reply: [UInt8] = []
    for number in 0..<requests {
      let line = material.lines[number % material.lines.count]
      reply.removeAll(keepingCapacity: true)
      _ = handler.handle(line.span, from: Peer(uid: 0, gid: 0, pid: 0), into: &reply)
    }
  }

  /// Whether a reply accepts a token.
  static func isAccepted(_ reply: [UInt8]) -> Bool {
    String(decoding: reply.prefix(32), as: UTF8.self).contains(#","ok":true,"#)
  }

  // MARK: In the process

  /// Bytes of cache, too few for all tokens of a round, so that each is new again when its turn comes, and is remembered
  /// and forgotten as in a daemon.
  static let smallCache = 16 << 10

  /// New tokens and known ones through the line handler, against libcrypto alone.
  ///
  /// - Parameters:
  ///   - material: The tokens.
  ///   - goal: The least share of a new token's time that libcrypto alone should take.
  static func measureVerifying(_ material: Material, goal: Double) {
    let handler = material.handler(cacheBytes: smallCache)
    let caching = material.handler(cacheBytes: 16 << 20)
    let large = material.handler(cacheBytes: 16 << 20, issuers: 200)
    let peer = Peer(uid: 0, gid: 0, pid: 0)
    var reply: [UInt8] = []
    var floor: [Double] = []
    var new: [Double] = []
    var known: [Double] = []
    var knownOfMany: [Double] = []
    func answer(_ handler: any LineHandler, _ line: [UInt8]) {
      reply.removeAll(keepingCapacity: true)
      _ = handler.handle(line.span, from: peer, into: &reply)
    }
    for line in material.lines {
      answer(large, line)
      answer(caching, line)
    }
    guard isAccepted(reply) else {
      fatalError("the benchmark's own token was refused: \(String(decoding: reply, as: UTF8.self))")
    }
    for _ in 0..<rounds {
      floor.append(microsecondsEach(material.tokens) { token in _ = material.verifiesAlone(token) })
      new.append(microsecondsEach(material.lines) { answer(handler, $0) })
      known.append(microsecondsEach(material.lines) { answer(caching, $0) })
      knownOfMany.append(microsecondsEach(material.lines) { answer(large, $0) })
    }
    report("\(material.name): libcrypto alone", median(floor), nil)
    let ratio = median(zip(new, floor).map { $0 / $1 })
    report("\(material.name): new token, whole request", median(new), ratio)
    judge("\(material.name): libcrypto at least \(goal) of a new token's time", 1 / ratio >= goal)
    report("\(material.name): known token, whole request", median(known), nil)
    report(
      "\(material.name): known, of 200 issuers", median(knownOfMany),
      median(zip(knownOfMany, known).map { $0 / $1 }))
  }

  // MARK: Figures

  static func microsecondsEach<Item>(_ items: [Item], _ body: (Item) -> Void) -> Double {
    let start = ContinuousClock.now
    for item in items { body(item) }
    return microseconds(since: start) / Double(items.count)
  }

  static func microseconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
  }

  static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
