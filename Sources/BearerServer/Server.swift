package import BearerFraming
internal import BearerThreads
internal import Glibc
package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Listens on Unix sockets and lets line handlers answer, until it is told to stop.
///
/// It knows framing, order, limits and lifetimes of connections, and nothing of what a line says.
package final class Server: Service, Sendable {
  /// Where and how the server works.
  package struct Settings: Sendable {
    /// Where it listens.
    package var addresses: [ListenAddress]
    /// What clients may cost.
    package var limits = ServerLimits()
    /// How many event loops (threads) serve connections.
    ///
    /// By default as many as there are processors to use, at most four: a verdict takes microseconds, so four outrun
    /// the application beside them, and every further one costs memory.
    package var eventLoops = min(ProcessorCount.usable, 4)

    /// How long answering and sending the rest may take when the server stops; then connections are cut off.
    ///
    /// Replies that wait for keys may wait for 7/8 of it. The whole stop has five seconds; systemd waits longer.
    package var drainTimeout: Duration = .seconds(4)

    /// How many bytes of replies may be unsent over all connections, before clients that take none get no more.
    package var unsentBytes = 64 << 20

    /// A server on these addresses, with the defaults for the rest.
    package init(addresses: [ListenAddress]) {
      self.addresses = addresses
    }
  }

  /// What exists while the server runs.
  private struct Running {
    var loops: [ServerLoop]
    var sockets: [ListeningSocket]
    var acceptor: Acceptor
  }

  private let configuration: Settings
  private let handlers: any LineHandlerFactory
  private let logger: Logger
  private let onListening: @Sendable () async -> Void
  private let counter: ConnectionCounter
  private let running = Mutex<Running?>(nil)

  /// A server that does nothing before ``run()``.
  ///
  /// - Parameters:
  ///   - configuration: Where and how it works.
  ///   - handlers: Makes the handler of each event loop.
  ///   - logger: Where it logs, at debug.
  ///   - onListening: Called once, when every socket listens and clients are accepted.
  package init(
    configuration: Settings,
    handlers: any LineHandlerFactory,
    logger: Logger,
    onListening: @escaping @Sendable () async -> Void = {}
  ) {
    self.configuration = configuration
    self.handlers = handlers
    self.logger = logger
    self.onListening = onListening
    self.counter = ConnectionCounter(limits: configuration.limits)
  }

  /// How many connections are open.
  package var connectionCount: Int { counter.total }

  /// Whether every socket file is still the one that was there at the start; true while the server does not run.
  package var socketsAreInPlace: Bool {
    running.withLock { $0?.sockets.allSatisfy(\.isStillInPlace) ?? true }
  }

  /// Runs something on each event loop, with the line handler that answers there; returns the results, in no order.
  ///
  /// A loop that is stuck never answers; the wait ends with `CancellationError` when the task is cancelled. Nothing is
  /// called while the server does not run.
  package func onEachEventLoop<Result: Sendable>(
    _ body: @escaping @Sendable (any LineHandler) -> Result
  ) async throws -> [Result] {
    try await onEach(running.withLock { $0?.loops ?? [] }) { body($0.handler) }
  }

  /// The paths of the sockets; empty while the server does not run.
  package var socketPaths: [String] {
    running.withLock { $0?.sockets.compactMap(\.path) ?? [] }
  }

  /// Sends a line to each of the server's own sockets, as a client would; returns the first line of each reply.
  ///
  /// A socket that this process cannot be expected to reach is left out: one that it may not open, or an inherited one
  /// whose file is gone; and one whose queue is full while others are accepted from it. The wait ends with
  /// `CancellationError` when the task is cancelled.
  ///
  /// - Parameter line: The line, with its LF.
  /// - Returns: The lines without their LF.
  /// - Throws: What kept a client from connecting or reading.
  package func askItself(_ line: [UInt8]) async throws -> [[UInt8]] {
    guard let running = running.withLock({ $0 }) else { return [] }
    var replies: [[UInt8]] = []
    for socket in running.sockets {
      let acceptor = running.acceptor
      if let reply = try await SelfCall.make(line, to: socket, accepted: { acceptor.accepted }) {
        replies.append(reply)
      }
    }
    return replies
  }

  /// Binds, serves until graceful shutdown or cancellation, answers what was received by then, closes.
  ///
  /// - Throws: ``ListenerFault`` when it cannot listen.
  package func run() async throws {
    let sockets = try await openSockets()
    let acceptor = Acceptor(sockets: sockets, counter: counter, logger: logger)
    let loops: [ServerLoop]
    do throws(ListenerFault) {
      loops = try makeLoops(acceptor)
    } catch {
      for socket in sockets { socket.abandon() }
      throw error
    }
    var ends: [CancellableWait<Void>] = []
    var fault: ListenerFault?
    for (number, loop) in loops.enumerated() where fault == nil {
      let end = CancellableWait<Void>()
      let status = DetachedThread.run("bearerd-loop-\(number)") {
        loop.run()
        end.end(.success(()))
      }
      if status == 0 {
        ends.append(end)
      } else {
        fault = .system(call: "pthread_create", path: "event loop", errno: status)
      }
    }
    if fault == nil { await serve(sockets, acceptor, loops) } else { for socket in sockets { socket.removeFile() } }
    for loop in loops { loop.mailbox.post(.run { $0.stop() }) }
    // Cancellation does not end this wait: the loops use the sockets until they have ended. Nothing here throws.
    for end in ends { _ = try? await withCheckedThrowingContinuation { end.begin($0) } }
    for socket in sockets { Glibc.close(socket.descriptor) }
    if let fault { throw fault }
  }

  private func openSockets() async throws(ListenerFault) -> [ListeningSocket] {
    var sockets: [ListeningSocket] = []
    do throws(ListenerFault) {
      for address in configuration.addresses {
        switch address {
        case .path(let file):
          sockets.append(try await ListeningSocket(file))
        case .inherited(let descriptors):
          for descriptor in descriptors { sockets.append(try ListeningSocket(inherited: descriptor)) }
        }
      }
      if sockets.isEmpty { throw .noAddress }
    } catch {
      for socket in sockets { socket.abandon() }
      throw error
    }
    return sockets
  }

  private func makeLoops(_ acceptor: Acceptor) throws(ListenerFault) -> [ServerLoop] {
    let unsentBytes = UnsentBytes(limit: configuration.unsentBytes)
    var loops: [ServerLoop] = []
    for _ in 0..<configuration.eventLoops {
      loops.append(
        try ServerLoop(
          limits: configuration.limits, factory: handlers, acceptor: acceptor, unsentBytes: unsentBytes))
    }
    acceptor.serve(by: loops)
    return loops
  }

  private func serve(_ sockets: [ListeningSocket], _ acceptor: Acceptor, _ loops: [ServerLoop]) async {
    // A loop that has answered listens.
    await runOnEach(loops) { _ in }
    running.withLock { $0 = Running(loops: loops, sockets: sockets, acceptor: acceptor) }
    logger.debug(
      "listening", metadata: ["bearerd.sockets": "\(sockets.count)", "bearerd.event_loops": "\(loops.count)"])
    await onListening()

    // It throws only when this task is cancelled, which stops the server as well.
    try? await gracefulShutdown()
    // With our own file removed no client can connect any more, so the kernel's queue runs dry.
    for socket in sockets { socket.removeFile() }
    await runOnEach(loops) { $0.stopAccepting() }
    logger.debug("draining", metadata: ["bearerd.connections": "\(connectionCount)"])
    await drain(loops)
    // Clients that were connecting while the file was removed.
    await runOnEach(loops) { $0.acceptRest() }
    await drain(loops)
    running.withLock { $0 = nil }
  }

  private func drain(_ loops: [ServerLoop]) async {
    await withDiscardingTaskGroup { group in
      for loop in loops {
        group.addTask { [timeout = configuration.drainTimeout] in
          // It throws only when this task is cancelled, or the loop has ended: there is nothing to wait for.
          _ = try? await Self.wait { done in
            loop.mailbox.post(.run { $0.drain(timeout: timeout) { done(()) } })
          }
        }
      }
    }
  }

  /// Runs something on each of these loops, and waits for it.
  private func runOnEach(_ loops: [ServerLoop], _ body: @escaping @Sendable (ServerLoop) -> Void) async {
    // It throws only when this task is cancelled, or a loop has ended: there is nothing to wait for.
    _ = try? await onEach(loops, body)
  }

  /// Runs something on each of these loops.
  private func onEach<Result: Sendable>(
    _ loops: [ServerLoop], _ body: @escaping @Sendable (ServerLoop) -> Result
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: Result.self) { group in
      for loop in loops {
        group.addTask {
          try await Self.wait { done in loop.mailbox.post(.run { done(body($0)) }) }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// Waits until something is done or the task is cancelled, whichever comes first.
  private static func wait<Value: Sendable>(
    _ start: (@escaping @Sendable (Value) -> Void) -> Bool
  ) async throws -> Value {
    let wait = CancellableWait<Value>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        wait.begin(continuation)
        // A loop that has ended does nothing any more.
        if !start({ wait.end(.success($0)) }) { wait.end(.failure(CancellationError())) }
      }
    } onCancel: {
      wait.end(.failure(CancellationError()))
    }
  }
}
