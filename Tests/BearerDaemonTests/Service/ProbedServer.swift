import BearerDaemon
import BearerFraming
import BearerServer
import BearerSocketKit
import Glibc
import Logging
import NIOPosix
import Synchronization

/// A server of real request handlers, or of others, that runs while a test looks at its health.
struct ProbedServer: Sendable {
  let server: Server
  let path: String

  /// Runs a server while `body` runs.
  ///
  /// - Parameters:
  ///   - handlers: Makes the handlers; real ones unless told otherwise.
  ///   - inherited: A listening descriptor to take over instead of making a socket.
  ///   - path: Where to listen.
  ///   - connections: The limit of connections.
  ///   - body: The test.
  /// - Throws: What keeps the server from listening, or what `body` throws.
  static func run(
    handlers: any LineHandlerFactory = RequestHandlers(AnswersFixture().current, StatusReporter(eventLoops: 3)),
    inherited: CInt? = nil, path: String = freePath(), connections: Int = 10,
    _ body: (ProbedServer) async throws -> Void
  ) async throws {
    let address = inherited.map { ListenAddress.inherited([$0]) } ?? .path(SocketFile(path: path))
    var configuration = Server.Settings(addresses: [address])
    configuration.eventLoops = 3
    configuration.limits.connections = connections
    let (listening, listens) = AsyncStream.makeStream(of: Void.self)
    let server = Server(
      configuration: configuration, handlers: handlers, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { listens.yield() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { listens.finish() }
        try await server.run()
      }
      for await _ in listening { break }
      try await body(ProbedServer(server: server, path: path))
      group.cancelAll()
    }
    unlink(path)
  }

  /// A probe with the client's end on other event loops.
  func probe(_ canaryPasses: (@Sendable (any LineHandler) -> Bool)? = nil) -> HealthProbe {
    guard let canaryPasses else { return HealthProbe(server, on: MultiThreadedEventLoopGroup.singleton) }
    return HealthProbe(server, on: MultiThreadedEventLoopGroup.singleton, canaryPasses: canaryPasses)
  }

  static func freePath() -> String { "/tmp/bp-\(getpid())-\(UInt32.random(in: 0...UInt32.max))" }
}

/// A listening socket that somebody else made.
struct ForeignListener {
  let descriptor: CInt

  /// Listens at a path, or at an abstract address that the kernel chooses (unix(7), autobind).
  init(path: String?) {
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    UnixSocket.bind(descriptor, to: path)
    listen(descriptor, 8)
  }
}
