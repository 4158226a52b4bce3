import BearerFraming
import BearerServer
import Foundation
import Glibc
import Logging
import ServiceLifecycle

/// A server of the scripted handler on a socket of its own.
struct RunningServer: Sendable {
  let path: String
  let book: DeferredBook
  let server: Server
  let group: ServiceGroup

  /// Connects; fails the process only when the server itself is not there.
  func client() throws -> RawClient {
    guard let client = RawClient(path) else { throw NotThere() }
    return client
  }

  struct NotThere: Error {}

  /// Tells the server to stop.
  func stop() async {
    await group.triggerGracefulShutdown()
  }

  /// A path under /tmp that is free and short.
  static func freePath() -> String { "/tmp/bd-\(getpid())-\(UInt32.random(in: 0...UInt32.max))" }

  /// Runs a server while `body` runs, then stops it.
  static func run(
    limits: ServerLimits = .patient, addresses: [ListenAddress]? = nil, eventLoops: Int = 1,
    drainTimeout: Duration = .seconds(4), unsentBytes: Int = .max,
    _ body: @escaping @Sendable (RunningServer) async throws -> Void
  ) async throws {
    let directory = freePath()
    let path = "\(directory)/s"
    var configuration = Server.Settings(addresses: addresses ?? [.path(SocketFile(path: path))])
    configuration.limits = limits
    configuration.eventLoops = eventLoops
    configuration.drainTimeout = drainTimeout
    configuration.unsentBytes = unsentBytes
    let book = DeferredBook()
    let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
    let server = Server(configuration: configuration, handlers: book, logger: Logger(label: "test")) {
      continuation.yield()
    }
    let group = ServiceGroup(services: [server], logger: Logger(label: "test"))
    defer { rmdir(directory) }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { continuation.finish() }
        try await group.run()
      }
      var isListening = false
      for await _ in listening {
        isListening = true
        break
      }
      if isListening {
        do {
          try await body(RunningServer(path: path, book: book, server: server, group: group))
        } catch {
          await group.triggerGracefulShutdown()
          throw error
        }
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }
}

extension ServerLimits {
  /// Limits that no test reaches by being slow.
  static var patient: ServerLimits {
    var limits = ServerLimits()
    limits.partialLineTimeout = .seconds(3600)
    limits.writeTimeout = .seconds(3600)
    return limits
  }
}
