import BearerServer
import Glibc
import Logging
import ServiceLifecycle

/// A known token over the socket, against the floor, in turn.
enum SocketBenchmark {
  struct Interrupted: Error {}

  /// How many connections, and how many requests on the way on each of them.
  private static let shapes: [(connections: Int, depth: Int)] = [(1, 1), (1, 16), (64, 1)]

  /// Prints a row for each shape: microseconds for each request, and how much of the floor's rate that is.
  static func measure(_ material: Material, requests: Int = 20_000) async throws {
    let directory = "/tmp/bearerd-benchmark-\(getpid())"
    mkdir(directory, 0o700)
    defer {
      unlink("\(directory)/floor")
      rmdir(directory)
    }
    let server = try await serve(material, at: "\(directory)/verify")
    let line = material.lines[0] + [0x0A]
    let replyBytes = try Client(["\(directory)/verify"]).reply(to: line).count
    let floor = try EchoFloor(path: "\(directory)/floor", replyBytes: replyBytes)
    for shape in shapes {
      let alone = try Client(Array(repeating: "\(directory)/floor", count: shape.connections))
      let verifying = try Client(Array(repeating: "\(directory)/verify", count: shape.connections))
      var floor: [Double] = []
      var known: [Double] = []
      for _ in 0..<Benchmark.rounds {
        floor.append(try alone.microsecondsEach(line, depth: shape.depth, requests: requests))
        known.append(try verifying.microsecondsEach(line, depth: shape.depth, requests: requests))
      }
      let name =
        shape.connections > 1
        ? "\(shape.connections) connections" : shape.depth == 1 ? "one at a time" : "\(shape.depth) deep"
      Benchmark.report("socket, \(name): bare epoll loop", Benchmark.median(floor), nil)
      Benchmark.report(
        "socket, \(name): known token", Benchmark.median(known), Benchmark.median(zip(known, floor).map { $0 / $1 }))
    }
    withExtendedLifetime(floor) {}
    server.cancel()
    _ = await server.result
  }

  private static func serve(_ material: Material, at path: String) async throws -> Task<Void, any Error> {
    var configuration = Server.Configuration(addresses: [.path(SocketFile(path: path))])
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

  /// How many lines end in the first bytes of a buffer; by `memchr`, so that the client is not what is measured.
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

    init(_ paths: [String]) throws {
      descriptors = try paths.map { path in
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = UnixAddress(path)
        guard address.withPointer({ connect(descriptor, $0, $1) }) == 0 else { throw Interrupted() }
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

    /// Microseconds for each of many requests, `depth` of them on the way at a time on each connection.
    func microsecondsEach(_ line: [UInt8], depth: Int, requests: Int) throws -> Double {
      let batch = Array(repeatElement(line, count: depth).joined())
      let batches = max(1, requests / (depth * descriptors.count))
      let start = ContinuousClock.now
      for _ in 0..<batches {
        for descriptor in descriptors { write(batch, to: descriptor) }
        for descriptor in descriptors {
          var replies = 0
          while replies < depth {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw Interrupted() }
            replies += lineFeeds(in: buffer, count)
          }
        }
      }
      return Benchmark.microseconds(since: start) / Double(batches * depth * descriptors.count)
    }

    private func write(_ bytes: [UInt8], to descriptor: CInt) {
      var sent = 0
      while sent < bytes.count {
        sent += max(0, bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) })
      }
    }
  }
}
