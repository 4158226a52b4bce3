internal import NIOCore

/// What the connections of one event loop have in common; used on that loop only.
final class LoopShare {
  let eventLoop: any EventLoop
  let limits: ServerLimits
  /// The loop's own handler, made when it is first needed, on the loop.
  private(set) lazy var handler: any LineHandler = factory.makeHandler()
  /// Replies of the connection whose turn it is, until they are flushed; empty between turns.
  var replies: [UInt8] = []
  /// Whether the server stops: connections that come now are drained at once.
  private(set) var isDraining = false

  private let turnstile: Turnstile?
  private let factory: any LineHandlerFactory
  private var connections: [ObjectIdentifier: Connection] = [:]
  private var drained: EventLoopPromise<Void>?

  init(eventLoop: any EventLoop, limits: ServerLimits, factory: any LineHandlerFactory, turnstile: Turnstile?) {
    self.turnstile = turnstile
    self.eventLoop = eventLoop
    self.limits = limits
    self.factory = factory
  }

  /// Runs something after the other connections had their turn.
  func afterOthers(_ body: @escaping () -> Void) {
    // Only an embedded loop, which has no selector, has no turnstile.
    if let turnstile { turnstile.pass(body) } else { eventLoop.assumeIsolated().execute(body) }
  }

  func insert(_ connection: Connection) {
    connections[ObjectIdentifier(connection)] = connection
  }

  func remove(_ connection: Connection) {
    connections[ObjectIdentifier(connection)] = nil
    if isDraining, connections.isEmpty { completeDrain() }
  }

  /// Answers what was received on every connection and closes it; whoever is not done by the deadline is cut off.
  func drain(timeout: TimeAmount) -> EventLoopFuture<Void> {
    if let drained { return drained.futureResult }
    isDraining = true
    let promise = eventLoop.makePromise(of: Void.self)
    drained = promise
    let deadline = eventLoop.assumeIsolated().scheduleTask(in: timeout) { [self] in
      for connection in Array(connections.values) { connection.cutOff() }
      completeDrain()
    }
    promise.futureResult.assumeIsolated().whenComplete { _ in deadline.cancel() }
    for connection in Array(connections.values) { connection.drain() }
    if connections.isEmpty { completeDrain() }
    return promise.futureResult
  }

  private var isDrainComplete = false

  private func completeDrain() {
    guard !isDrainComplete else { return }
    isDrainComplete = true
    drained?.succeed(())
  }
}
