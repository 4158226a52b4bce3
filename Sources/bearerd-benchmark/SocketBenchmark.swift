import BearerServer
import Glibc
import Logging
import ServiceLifecycle

/// A known token over the socket, against the floor, in turn.
enum SocketBenchmark {
  struct Interrupted: Error {}

  /// A pattern of requests, and its goal.
  private struct Shape {
    let name: String
    let connections: Int
    /// How many requests of a connection are in flight at a time.
    let depth: Int
    /// The most that a request may take, in times of the floor's; `nil` if it is only reported.
    ///
    /// Judged by the median of single requests if one caller waits for each reply, by the rate otherwise.
    let goal: Double?
    /// Whether other memory is read between two requests.
    ///
    /// If client and server share one processor (`taskset -c 0`), the server's caches are then cold too.
    var isCold = false

    var isByMedian: Bool { connections == 1 && depth == 1 }
  }

  private static let shapes = [
    Shape(name: "one at a time", connections: 1, depth: 1, goal: 1.6),
    Shape(name: "16 deep", connections: 1, depth: 16, goal: 1 / 0.4),
    Shape(name: "64 connections", connections: 64, depth: 1, goal: 1 / 0.45),
    Shape(name: "one at a time, cold", connections: 1, depth: 1, goal: nil, isCold: true),
  ]

  /// What a run found, in microseconds for each request.
  private struct Outcome {
    /// From one reply to the next.
    let each: Double
    /// The median from writing to the last reply, and what 99 of 100 stay below.
    let median: Double
    let tail: Double
    /// CPU of the server, user and system.
    let processor: Double
  }

  /// Prints rows for each shape: microseconds for each request, how many times the floor's that is, the server's CPU,
  /// and whether the goal is met.
  static func measure(_ material: Material, requests: Int = 20_000) async throws {
    let directory = "/tmp/bearerd-benchmark-\(getpid())"
    mkdir(directory, 0o700)
    defer {
      unlink("\(directory)/floor")
      rmdir(directory)
    }
    let server = try await serve(material, at: "\(directory)/verify")
    // Many tokens in turn, each line with another id, as a client sends them.
    let lines = material.lines.map { $0 + [0x0A] }
    let first = try Client(["\(directory)/verify"])
    for _ in 0..<4 { for line in lines { _ = try first.reply(to: line) } }
    let replyBytes = try first.reply(to: lines[0]).count
    let floor = try EchoFloor(path: "\(directory)/floor", replyBytes: replyBytes)
    for shape in shapes {
      let alone = try Client(Array(repeating: "\(directory)/floor", count: shape.connections))
      let verifying = try Client(Array(repeating: "\(directory)/verify", count: shape.connections))
      var floor: [Outcome] = []
      var known: [Outcome] = []
      for _ in 0..<Benchmark.rounds {
        floor.append(try alone.ask(lines, shape, requests: requests))
        known.append(try verifying.ask(lines, shape, requests: requests))
      }
      let time: (Outcome) -> Double = { shape.isByMedian ? $0.median : $0.each }
      let ratio = Benchmark.median(zip(known, floor).map { time($0) / time($1) })
      for (who, outcomes, ratio) in [("bare epoll loop", floor, nil), ("known token", known, ratio)] {
        Benchmark.report("\(shape.name): \(who)", Benchmark.median(outcomes.map(time)), ratio)
        Benchmark.report("\(shape.name): 99 of 100", Benchmark.median(outcomes.map(\.tail)), nil)
        Benchmark.report("\(shape.name): its CPU", Benchmark.median(outcomes.map(\.processor)), nil)
      }
      guard let goal = shape.goal else { continue }
      Benchmark.judge("\(shape.name): at most \(Double(Int(goal * 100)) / 100) times the bare loop", ratio <= goal)
    }
    // Its path alone does not keep it.
    withExtendedLifetime(floor) {}
    server.cancel()
    _ = await server.result
  }

  private static func serve(_ material: Material, at path: String) async throws -> Task<Void, any Error> {
    var configuration = Server.Settings(addresses: [.path(SocketFile(path: path))])
    configuration.eventLoops = 1
    let (listening, nowListening) = AsyncStream.makeStream(of: Void.self)
    var logger = Logger(label: "benchmark")
    logger.logLevel = .error
    let server = Server(configuration: configuration, handlers: material.handlers, logger: logger) {
      nowListening.yield()
    }
    let task = Task { try await server.run() }
    for await _ in listening { break }
    return task
  }

  /// How many lines end in the first bytes of a buffer; by `memchr`, so that the client's own work is small.
  static func lineFeeds(in buffer: [UInt8], _ count: Int) -> Int {
    buffer.withUnsafeBytes { bytes in
      var found = 0
      var rest = UnsafeRawBufferPointer(rebasing: bytes[..<count])
      // Safe because the rest is a part of the buffer, and memchr points into it.
      while let base = rest.baseAddress, let lineFeed = memchr(base, 0x0A, rest.count) {
        found += 1
        rest = UnsafeRawBufferPointer(rebasing: rest[(UnsafeRawPointer(lineFeed) - base + 1)...])
      }
      return found
    }
  }

  /// Connections of one thread, which writes to all of them and then reads from all.
  private final class Client {
    private let descriptors: [CInt]
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private let otherMemory = [UInt8](repeating: 1, count: 4 << 20)

    init(_ paths: [String]) throws {
      descriptors = try paths.map { path in
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        guard SocketAddress(path: path).connect(descriptor) == 0 else { throw Interrupted() }
        return descriptor
      }
    }

    deinit {
      for descriptor in descriptors { close(descriptor) }
    }

    /// The reply to one request.
    func reply(to line: [UInt8]) throws -> [UInt8] {
      write(line, to: descriptors[0])
      let count = read(descriptors[0], &buffer, buffer.count)
      guard count > 0, buffer[count - 1] == 0x0A else { throw Interrupted() }
      return Array(buffer[..<count])
    }

    /// Asks many times, in a shape.
    ///
    /// The server is in this process, and nothing else in it is busy: its CPU is what this thread did not use.
    func ask(_ lines: [[UInt8]], _ shape: Shape, requests: Int) throws -> Outcome {
      let depth = shape.depth
      let parcels = lines.indices.map { first in
        Array((0..<depth).map { lines[(first + $0) % lines.count] }.joined())
      }
      let batches = max(1, requests / (depth * descriptors.count))
      var times: [Double] = []
      times.reserveCapacity(batches)
      var next = 0
      let processor = Self.othersProcessor()
      let start = ContinuousClock.now
      for _ in 0..<batches {
        if shape.isCold { readOtherMemory() }
        let sent = ContinuousClock.now
        for descriptor in descriptors {
          write(parcels[next], to: descriptor)
          next = (next + depth) % parcels.count
        }
        for descriptor in descriptors {
          var replies = 0
          while replies < depth {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw Interrupted() }
            replies += lineFeeds(in: buffer, count)
          }
        }
        times.append(Benchmark.microseconds(since: sent))
      }
      let asked = Double(batches * depth * descriptors.count)
      return Outcome(
        each: Benchmark.microseconds(since: start) / asked, median: Benchmark.median(times),
        tail: times.sorted()[times.count * 99 / 100],
        processor: (Self.othersProcessor() - processor) / asked)
    }

    /// Microseconds of CPU that other threads of this process have used.
    private static func othersProcessor() -> Double {
      func used(_ clock: clockid_t) -> Double {
        var time = timespec()
        // Fails only for a clock that does not exist or a bad pointer; neither is possible here.
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1000
      }
      return used(CLOCK_PROCESS_CPUTIME_ID) - used(CLOCK_THREAD_CPUTIME_ID)
    }

    /// Reads as much as the caches next to a processor hold.
    private func readOtherMemory() {
      for place in stride(from: 0, to: otherMemory.count, by: 64) { buffer[0] &+= otherMemory[place] }
    }

    private func write(_ bytes: [UInt8], to descriptor: CInt) {
      var sent = 0
      while sent < bytes.count {
        sent += max(0, bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) })
      }
    }
  }
}
