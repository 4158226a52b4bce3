internal import BearerFraming
internal import CLinuxSockets
internal import Glibc
internal import Logging
internal import Synchronization

// One thread that serves connections: it waits for events on their sockets (epoll(7)), and gives each connection with
// an event its turn. While connections wait for turns, it looks for new events after each ``FixedLimits/turn`` without
// waiting, so that busy connections do not delay new ones.
//
// Timeouts are checked in sweeps over the connections that wait for their clients; an idle connection is not among
// them.

/// An event loop of the server, with its connections; everything but the mailbox is used on its own thread.
final class ServerLoop: @unchecked Sendable {
  // Safe because only `mailbox`, `limits` and the count of connections are used by other threads, and these are
  // constant or synchronised.

  /// Numbers of events that are no connection's; those of connections are larger.
  private static let bell: UInt64 = 0
  private static let firstListener: UInt64 = 1

  let limits: ServerLimits
  let mailbox: Mailbox
  let unsentBytes: UnsentBytes
  /// How many connections are served here or are on their way here.
  let load = Atomic(0)
  /// The loop's own handler, made when it is first needed, on the loop.
  private(set) lazy var handler: any LineHandler = factory.makeHandler()
  var poller: Poller
  var turns = TurnQueue<Connection>()
  /// Whether the server stops: connections that come now are drained at once.
  private(set) var isDraining = false
  /// Whether the server stops and pending requests must be answered now with what can be said.
  private(set) var areAnswersDue = false

  private let factory: any LineHandlerFactory
  private let acceptor: Acceptor
  private var slots = ConnectionSlots()
  private var users: [UInt32: (user: TurnQueue<Connection>.User, connections: Int)] = [:]
  /// The connections that wait for their clients.
  private var watched: Set<Watched> = []
  private var nextSweep: MonotonicNanoseconds = .max
  private var hasPausedAccepting = false
  private var hasEnded = false
  private var drained: (@Sendable () -> Void)?
  private var answersDue: MonotonicNanoseconds = .max
  private var cutOffDue: MonotonicNanoseconds = .max
  private var timeToSend: MonotonicNanoseconds = 0

  /// Buffers for the connection whose turn it is.
  private var inputBuffer = [UInt8](repeating: 0, count: FixedLimits.readBuffer)
  private var replyBuffer: [UInt8] = []

  init(limits: ServerLimits, factory: any LineHandlerFactory, acceptor: Acceptor, unsentBytes: UnsentBytes)
    throws(ListenerFault)
  {
    self.limits = limits
    self.factory = factory
    self.acceptor = acceptor
    self.unsentBytes = unsentBytes
    poller = try Poller()
    do {
      mailbox = try Mailbox()
    } catch {
      poller.close()
      throw error
    }
    replyBuffer.reserveCapacity(FixedLimits.flushBytes)
  }

  // MARK: Running

  /// Serves until ``stop()``; called once, on the loop's own thread.
  func run() {
    guard poller.add(reader: mailbox.bell, Self.bell) else { return finish() }
    startAccepting()
    while !hasEnded {
      let count = poller.wait(milliseconds: timeout)
      for index in 0..<count { dispatch(poller.event(index)) }
      giveTurns()
      sweepIfDue()
    }
    finish()
  }

  /// Makes ``run()`` return.
  func stop() {
    hasEnded = true
  }

  private func finish() {
    for connection in slots.all { connection.end() }
    for case .adopt(let accepted) in mailbox.shut() {
      // No loop is left to serve it; the client sees an end, and asks the next daemon.
      acceptor.release(accepted)
      Glibc.close(accepted.descriptor)
    }
    poller.close()
  }

  private func dispatch(_ event: Poller.Event) {
    switch event.number {
    case Self.bell: readMail()
    case Self.firstListener..<Self.firstListener + UInt64(acceptor.sockets.count):
      accept(from: Int(event.number - Self.firstListener))
    default: slots[event.number]?.happened(event)
    }
  }

  private func readMail() {
    for message in mailbox.take() {
      switch message {
      case .adopt(let accepted): adopt(accepted)
      case .wake(let connection, let ticket): connection.wake(ticket)
      case .run(let body): body(self)
      }
    }
  }

  /// Gives waiting connections their turns, until it is time to look for new events.
  private func giveTurns() {
    guard !turns.isEmpty else { return }
    var now = MonotonicNanoseconds.now
    let end = now + FixedLimits.turn.nanoseconds
    while let connection = turns.next() {
      connection.turn(at: now)
      if turns.isEmpty { return }
      now = .now
      if now >= end { return }
    }
  }

  private var timeout: CInt {
    if !turns.isEmpty { return 0 }
    let next = min(nextSweep, answersDue, cutOffDue)
    if next == .max { return -1 }
    let milliseconds = (max(0, next - .now) + 999_999) / 1_000_000
    return CInt(clamping: milliseconds)
  }

  // MARK: Connections

  private func adopt(_ accepted: AcceptedConnection) {
    let user = users[accepted.peer.uid]?.user ?? TurnQueue<Connection>.User()
    users[accepted.peer.uid, default: (user, 0)].connections += 1
    let connection = slots.insert { Connection(accepted, number: $0, user: user, loop: self) }
    guard poller.add(connection: connection.descriptor, connection.number) else { return connection.end() }
    connection.begin()
  }

  /// Whether a connection is no longer served here.
  func hasForgotten(_ connection: Connection) -> Bool { slots[connection.number] !== connection }

  /// A connection is over; its descriptor is still open.
  func forget(_ connection: Connection) {
    guard slots.remove(connection.number) else { return }
    let uid = connection.peer.uid
    if let entry = users[uid] { users[uid] = entry.connections > 1 ? (entry.user, entry.connections - 1) : nil }
    acceptor.release(
      AcceptedConnection(
        descriptor: connection.descriptor, peer: connection.peer, isAdmitted: connection.isAdmitted))
    load.subtract(1, ordering: .relaxed)
    if isDraining, slots.isEmpty { completeDrain() }
  }

  /// Lends a connection the large buffers for its turn; one with unsent replies keeps its own for these.
  func lend(to framer: inout LineFramer, _ replies: inout [UInt8]) {
    framer.borrow(&inputBuffer)
    if replies.isEmpty { swap(&replies, &replyBuffer) }
  }

  /// Takes back what was lent, except for replies that are still to be sent.
  func takeBack(from framer: inout LineFramer, _ replies: inout [UInt8]) {
    framer.giveBack(&inputBuffer)
    if inputBuffer.isEmpty { inputBuffer = [UInt8](repeating: 0, count: FixedLimits.readBuffer) }
    if replyBuffer.capacity == 0 {
      if replies.isEmpty, replies.capacity <= 4 * FixedLimits.flushBytes {
        swap(&replies, &replyBuffer)
      } else {
        replyBuffer.reserveCapacity(FixedLimits.flushBytes)
      }
    }
    // If the connection had a buffer of its own, it is no longer needed.
    if replies.isEmpty { replies = [] }
  }

  /// Space for input that is discarded.
  func withDiscardedInput(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: FixedLimits.leastRead, alignment: 16) { body($0) }
  }

  // MARK: Accepting

  private func startAccepting() {
    hasPausedAccepting = false
    for (index, socket) in acceptor.sockets.enumerated() {
      if !poller.add(listener: socket.descriptor, Self.firstListener + UInt64(index)) { pauseAccepting() }
    }
  }

  private func pauseAccepting() {
    hasPausedAccepting = true
    for socket in acceptor.sockets { poller.remove(socket.descriptor) }
    nextSweep = min(nextSweep, .now + FixedLimits.acceptPause.nanoseconds)
  }

  private func accept(from index: Int) {
    for _ in 0..<FixedLimits.acceptsAtOnce {
      switch acceptor.accept(from: index) {
      case .accepted(let accepted): acceptor.place(accepted, preferring: self) { adopt($0) }
      case .nobody: return
      case .exhausted:
        if acceptor.turnAway(from: index, saying: { handler.refuse(.tooManyConnections, from: $0, into: &$1) }) {
          continue
        }
        // Clients wait in the kernel's queue. Trying again at once would spin until a descriptor is free.
        if !hasPausedAccepting { pauseAccepting() }
        return
      }
    }
  }

  /// Stops accepting, after the clients that have connected to our own sockets so far.
  ///
  /// systemd keeps an inherited socket listening, whose queue the next daemon serves.
  func stopAccepting() {
    acceptRest()
    for socket in acceptor.sockets { poller.remove(socket.descriptor) }
    hasPausedAccepting = false
  }

  /// Accepts the clients that have connected to our own sockets.
  func acceptRest() {
    for (index, socket) in acceptor.sockets.enumerated() where socket.isOwn {
      while case .accepted(let accepted) = acceptor.accept(from: index) {
        acceptor.place(accepted, preferring: self) { adopt($0) }
      }
    }
  }

  // MARK: Sweeping

  private struct Watched: Hashable {
    let connection: Connection
    static func == (one: Watched, other: Watched) -> Bool { one.connection === other.connection }
    func hash(into hasher: inout Hasher) { hasher.combine(connection.number) }
  }

  /// Checks a connection in each sweep until it waits for nothing.
  func watch(_ connection: Connection) {
    watched.insert(Watched(connection: connection))
    nextSweep = min(nextSweep, .now + sweepInterval)
  }

  /// So short that each timeout is noticed at most a quarter of it late.
  private var sweepInterval: MonotonicNanoseconds {
    let shortest = min(limits.partialLineTimeout, limits.writeTimeout, FixedLimits.linger)
    return max(shortest / 4, FixedLimits.shortestSweep).nanoseconds
  }

  private func sweepIfDue() {
    guard min(nextSweep, answersDue, cutOffDue) != .max else { return }
    let now = MonotonicNanoseconds.now
    if now >= answersDue {
      answersDue = .max
      areAnswersDue = true
      // If the loop itself was late, it still sends the answers before it cuts connections off.
      cutOffDue = max(cutOffDue, now + timeToSend)
      for connection in slots.all { connection.shutDownDeferred() }
    } else if now >= cutOffDue {
      for connection in slots.all { connection.end() }
      return completeDrain()
    }
    guard now >= nextSweep else { return }
    if hasPausedAccepting { startAccepting() }
    for entry in Array(watched) where !entry.connection.look(at: now) { watched.remove(entry) }
    nextSweep = watched.isEmpty ? .max : now + sweepInterval
    if hasPausedAccepting { nextSweep = min(nextSweep, now + FixedLimits.acceptPause.nanoseconds) }
  }

  // MARK: Draining

  /// Answers what was received on every connection and closes it.
  ///
  /// - Parameters:
  ///   - timeout: After this time the connections that are left are cut off. Shortly before that, pending requests are
  ///     answered with what can be said.
  ///   - done: Called on the loop once no connection is left.
  func drain(timeout: Duration, done: @escaping @Sendable () -> Void) {
    isDraining = true
    areAnswersDue = false
    drained = done
    let now = MonotonicNanoseconds.now
    timeToSend = (timeout / 8).nanoseconds
    answersDue = now + timeout.nanoseconds - timeToSend
    cutOffDue = now + timeout.nanoseconds
    for connection in slots.all { connection.drain() }
    if slots.isEmpty { completeDrain() }
  }

  private func completeDrain() {
    (answersDue, cutOffDue) = (.max, .max)
    drained?()
    drained = nil
  }
}
