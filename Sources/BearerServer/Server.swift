package import Logging
package import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization

/// Listens on Unix sockets and lets line handlers answer, until it is told to stop.
///
/// It knows framing, order, limits and lifetimes of connections, and nothing of what a line says.
package final class Server: Service, Sendable {
  /// Where and how the server works.
  package struct Configuration: Sendable {
    /// Where it listens.
    package var addresses: [ListenAddress]
    /// What clients may cost.
    package var limits = ServerLimits()
    /// How many event loops (threads) serve connections.
    ///
    /// By default as many as there are cores, at most four: a verdict takes microseconds, so that four outrun the
    /// application beside them, and every further one costs memory and a canary.
    package var eventLoops = max(1, min(NIOCore.System.coreCount, 4))

    /// How long answering and sending the rest may take when the server stops; then connections are cut off.
    ///
    /// The whole stop has five seconds (contract; systemd's own patience is longer).
    package var drainTimeout: Duration = .seconds(4)

    /// A server on these addresses, with the defaults for the rest.
    package init(addresses: [ListenAddress]) {
      self.addresses = addresses
    }
  }

  /// What exists while the server runs.
  private struct Running {
    var shares: [NIOLoopBound<LoopShare>]
    var sockets: [ListeningSocket]
  }

  private let configuration: Configuration
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
    configuration: Configuration,
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
    let shares = running.withLock { $0?.shares ?? [] }
    return try await withThrowingTaskGroup(of: Result.self) { group in
      for share in shares {
        group.addTask { try await share.eventLoop.submit { body(share.value.handler) }.getUnlessCancelled() }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// The paths of the sockets; empty while the server does not run.
  package var socketPaths: [String] {
    running.withLock { $0?.sockets.compactMap(\.path) ?? [] }
  }

  /// Sends a line to each of the server's own sockets, as a client would; returns the first line of each reply.
  ///
  /// A socket that this process cannot be expected to reach is left out: one that it may not open, or an inherited one
  /// whose file is gone. The wait ends with `CancellationError` when the task is cancelled.
  ///
  /// - Parameters:
  ///   - line: The line, with its LF.
  ///   - group: The event loops of the client; not the server's own, so that a stuck one is found out.
  /// - Returns: The lines without their LF.
  /// - Throws: What kept a client from connecting or reading.
  package func askItself(_ line: [UInt8], on group: any EventLoopGroup) async throws -> [[UInt8]] {
    let sockets = running.withLock { $0?.sockets ?? [] }
    var replies: [[UInt8]] = []
    for socket in sockets {
      guard let descriptor = try socket.connect() else { continue }
      replies.append(try await SelfCall.make(line, through: descriptor, on: group))
    }
    return replies
  }

  /// Binds, serves until graceful shutdown or cancellation, answers what was received by then, closes.
  ///
  /// - Throws: ``ListenerFault`` when it cannot listen.
  package func run() async throws {
    let sockets = try await openSockets()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoops)
    do {
      try await serve(sockets, on: group)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
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

  private func serve(_ sockets: [ListeningSocket], on group: MultiThreadedEventLoopGroup) async throws {
    let shares = try await makeShares(on: group)
    var listeners: [(socket: ListeningSocket, channel: any Channel)] = []
    for (index, socket) in sockets.enumerated() {
      do {
        listeners.append((socket, try await accept(from: socket, shares: shares, on: group)))
      } catch {
        for listener in listeners { await stopAccepting(listener.socket, listener.channel) }
        // NIO may have closed this one's descriptor already; closing it twice could hit another's.
        socket.removeFile()
        for socket in sockets[(index + 1)...] { socket.abandon() }
        throw error
      }
    }
    running.withLock { $0 = Running(shares: Array(shares.values), sockets: sockets) }
    logger.debug(
      "listening", metadata: ["bearerd.sockets": "\(sockets.count)", "bearerd.event_loops": "\(shares.count)"])
    await onListening()

    try? await gracefulShutdown()
    for listener in listeners { await stopAccepting(listener.socket, listener.channel) }
    logger.debug("draining", metadata: ["bearerd.connections": "\(connectionCount)"])
    await drain(Array(shares.values))
    running.withLock { $0 = nil }
  }

  private func makeShares(
    on group: MultiThreadedEventLoopGroup
  ) async throws -> [ObjectIdentifier: NIOLoopBound<LoopShare>] {
    var shares: [ObjectIdentifier: NIOLoopBound<LoopShare>] = [:]
    for eventLoop in group.makeIterator() {
      shares[ObjectIdentifier(eventLoop)] = try await Turnstile.make(on: eventLoop).map { turnstile in
        NIOLoopBound(
          LoopShare(
            eventLoop: eventLoop, limits: self.configuration.limits, factory: self.handlers, turnstile: turnstile.value),
          eventLoop: eventLoop)
      }.get()
    }
    return shares
  }

  private func accept(
    from socket: ListeningSocket,
    shares: [ObjectIdentifier: NIOLoopBound<LoopShare>],
    on group: MultiThreadedEventLoopGroup
  ) async throws -> any Channel {
    let outputBytes = configuration.limits.outputBytes
    return try await ServerBootstrap(group: group)
      .serverChannelInitializer { [logger] channel in
        // Without descriptors left, accept fails at once and for ever; the loop must not spin on it.
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: logger))
        }
      }
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.recvAllocator, value: FixedLimits.readBuffer)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: max(1, outputBytes / 2), high: max(1, outputBytes)))
      .childChannelInitializer { [counter, logger] channel in
        channel.eventLoop.makeCompletedFuture {
          guard let share = shares[ObjectIdentifier(channel.eventLoop)]?.value, let peer = Peer(of: channel) else {
            logger.debug("connection without peer credentials refused")
            throw ChannelError.operationUnsupported
          }
          let isAdmitted = counter.admit(uid: peer.uid)
          let connection = Connection(peer: peer, share: share, isAdmitted: isAdmitted) {
            if isAdmitted { counter.release(uid: peer.uid) }
          }
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
      .withBoundSocket(socket.descriptor)
      .get()
  }

  /// Accepts who has connected by now, then closes the listener.
  ///
  /// With our own file removed nobody can connect any more, so that the kernel's queue runs dry. An inherited socket goes
  /// on listening in systemd's hands: its queue is the next daemon's.
  private func stopAccepting(_ socket: ListeningSocket, _ channel: any Channel) async {
    socket.removeFile()
    if socket.isOwn {
      let end = NIODeadline.now() + FixedLimits.acceptRest
      while NIODeadline.now() < end {
        // Looked at on the listener's loop, after a pass of it; each pass accepts what is there.
        let isWaiting = try? await channel.eventLoop.submit { socket.hasWaitingConnection }.get()
        guard isWaiting == true else { break }
      }
    }
    try? await channel.close()
  }

  private func drain(_ shares: [NIOLoopBound<LoopShare>]) async {
    let timeout = TimeAmount(configuration.drainTimeout)
    await withDiscardingTaskGroup { group in
      for share in shares {
        group.addTask { try? await share.eventLoop.flatSubmit { share.value.drain(timeout: timeout) }.get() }
      }
    }
  }
}
