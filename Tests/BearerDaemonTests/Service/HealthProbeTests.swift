import BearerJSON
import BearerServer
import BearerSocketKit
import Dispatch
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import BearerDaemon

/// What keeps the watchdog's pings from being sent.
@Suite("Health") struct HealthProbeTests {
  @Test("a sound daemon passes, time after time")
  func sound() async throws {
    try await ProbedServer.run { running in
      for _ in 0..<3 { #expect(await running.probe().passes()) }
      #expect(running.server.socketPaths == [running.path])
    }
  }

  @Test("a server that does not run does not pass")
  func notRunning() async throws {
    try await ProbedServer.run { running in
      let server = Server(
        configuration: .init(addresses: []),
        handlers: RequestHandlers(AnswersFixture().current, StatusReporter(eventLoops: 1)),
        logger: .init(label: "test"))
      #expect(await !ProbedServer(server: server, path: running.path).probe().passes())
    }
  }

  @Test("an event loop that is blocked ends the pings, whichever it is", arguments: 0..<3)
  func blockedLoop(number: Int) async throws {
    try await ProbedServer.run { running in
      // The handlers are told apart by the order in which they are first seen.
      let seen = Mutex<[ObjectIdentifier]>([])
      let order: @Sendable (any LineHandler) -> Int = { handler in
        seen.withLock { seen in
          if let index = seen.firstIndex(of: ObjectIdentifier(handler)) { return index }
          seen.append(ObjectIdentifier(handler))
          return seen.count - 1
        }
      }
      #expect(try await running.server.onEachEventLoop(order).sorted() == [0, 1, 2])

      let gate = DispatchSemaphore(value: 0)
      let (blocked, isBlocked) = AsyncStream.makeStream(of: Void.self)
      let blocking = Task {
        try await running.server.onEachEventLoop { handler in
          guard order(handler) == number else { return }
          isBlocked.yield()
          gate.wait()
        }
      }
      for await _ in blocked { break }

      let (canaries, canary) = AsyncStream.makeStream(of: Int.self)
      let probing = Task {
        await running.probe { handler in
          canary.yield(order(handler))
          return (handler as? RequestHandler)?.canaryPasses() ?? false
        }.passes()
      }
      // The other loops have answered; then the watchdog's patience ends.
      var answered: Set<Int> = []
      for await loop in canaries {
        answered.insert(loop)
        if answered.count == 2 { break }
      }
      #expect(answered == Set([0, 1, 2]).subtracting([number]))
      probing.cancel()
      #expect(await probing.value == false)

      gate.signal()
      _ = try await blocking.value
      #expect(await running.probe().passes())
    }
  }

  @Test("a canary that fails on one event loop is enough", arguments: 1...3)
  func brokenCanary(number: Int) async throws {
    try await ProbedServer.run { running in
      let count = Mutex(0)
      let passes = await running.probe { _ in
        count.withLock { count in
          count += 1
          return count != number
        }
      }.passes()
      #expect(!passes)
      #expect(count.withLock(\.self) == 3)
    }
  }

  @Test("an exhausted table of descriptors ends the pings, and they come back with the descriptors")
  func noDescriptors() async {
    // In a process of its own: others need descriptors.
    await #expect(processExitsWith: .success) {
      try await ProbedServer.run { running in
        #expect(await running.probe().passes())
        // New descriptors must be below the limit, and those there are taken: so what is closed meanwhile frees none.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var none = rlimit(rlim_cur: 3, rlim_max: limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
        #expect(open("/dev/null", O_RDONLY) == -1)
        #expect(await !running.probe().passes())
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(await running.probe().passes())
      }
    }
  }

  @Test("a log thread that is dead ends the pings")
  func deadLog() async throws {
    try await ProbedServer.run { running in
      let probe = HealthProbe(running.server, on: MultiThreadedEventLoopGroup.singleton, isLogAlive: { false })
      #expect(await !probe.passes())
    }
  }

  @Test("a probe does not come past a fetching loop that is blocked")
  func blockedFetching() async throws {
    try await ProbedServer.run { running in
      let fetching = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let gate = DispatchSemaphore(value: 0)
      fetching.next().execute { gate.wait() }
      let events = Mutex<[String]>([])
      let probe = HealthProbe(
        running.server, on: fetching,
        canaryPasses: { handler in
          events.withLock { $0.append("canary") }
          return (handler as? RequestHandler)?.canaryPasses() ?? false
        })
      async let passes = probe.passes()
      // Time for a probe that does not wait for the fetching loop to come further.
      for _ in 0..<100 { _ = try await running.server.onEachEventLoop { _ in } }
      events.withLock { $0.append("released") }
      gate.signal()
      #expect(await passes)
      #expect(events.withLock(\.self) == ["released", "canary", "canary", "canary"])
      try await fetching.shutdownGracefully()
    }
  }

  @Test("connections that are all taken are a sign of life")
  func fullHouse() async throws {
    try await ProbedServer.run(connections: 1) { running in
      let client = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
      defer { close(client) }
      #expect(UnixSocket.connect(client, to: running.path) == 0)
      #expect(await running.probe().passes())
    }
  }

  @Test(
    "what is a sign of life and what is not",
    arguments: [
      (#"{"id":1,"ok":true,"ready":false}"#, true),
      (#"{"id":null,"ok":false,"error":{"code":"too_many_connections"}}"#, true),
      (#"{"ok":false,"error":{"code":"invalid_json"}}"#, false), (#"{"ok":"true"}"#, false), ("", false),
    ])
  func replies(reply: String, isSign: Bool) {
    #expect(HealthProbe.isSignOfLife(Array(reply.utf8)) == isSign)
  }

  // MARK: The socket's path

  @Test("without its file the daemon's own socket is out of place, and a restart is called for")
  func ownSocket() async throws {
    try await ProbedServer.run { running in
      #expect(running.server.socketsAreInPlace)
      unlink(running.path)
      #expect(!running.server.socketsAreInPlace)
      #expect(await !running.probe().passes())
    }
  }

  @Test("an inherited socket is asked by its own address; without its file it is out of place, which no restart mends")
  func inheritedSocket() async throws {
    let path = ProbedServer.freePath()
    try await ProbedServer.run(inherited: ForeignListener(path: path).descriptor, path: path) { running in
      #expect(running.server.socketPaths == [path])
      #expect(running.server.socketsAreInPlace)
      #expect(await running.probe().passes())
      unlink(path)
      close(open(path, O_CREAT | O_WRONLY, 0o600))
      #expect(!running.server.socketsAreInPlace)
      #expect(await running.probe().passes())
    }
  }

  @Test("an abstract socket has no path and is asked all the same")
  func abstractSocket() async throws {
    try await ProbedServer.run(inherited: ForeignListener(path: nil).descriptor) { running in
      #expect(running.server.socketPaths == [])
      #expect(running.server.socketsAreInPlace)
      let replies = try await running.server.askItself(Array(#"{"id":1,"op":"ping"}"#.utf8) + [0x0A])
      #expect(replies.map { String(decoding: $0, as: UTF8.self) } == [#"{"id":1,"ok":true,"ready":false}"#])
    }
  }

  @Test("status tells whether the socket is in its place; a change is told once")
  func status() async throws {
    let fixture = AnswersFixture()
    let isInPlace = Mutex(true)
    let changes = Mutex(0)
    let watch = SocketWatch(
      logger: .init(label: "test") { _ in SwiftLogNoOpLogHandler() }, onChange: { changes.withLock { $0 += 1 } }
    ) { isInPlace.withLock(\.self) }
    fixture.reporter.watchSocket { watch.check() }
    func told() async throws -> JSONValue? { try await fixture.status()["socket_in_place"] }
    #expect(try await told() == true)
    isInPlace.withLock { $0 = false }
    #expect(try await told() == false)
    #expect(try await told() == false)
    #expect(
      fixture.reporter.statusLine(fixture.current.value)
        == "the socket's path does not lead here any more; idp: NO keys yet, tokens cannot be verified")
    #expect(changes.withLock(\.self) == 1)
    isInPlace.withLock { $0 = true }
    #expect(try await told() == true)
    #expect(changes.withLock(\.self) == 2)
  }
}
