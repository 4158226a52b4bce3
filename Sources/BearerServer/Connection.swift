internal import BearerFraming
internal import Glibc

// One connection, on its event loop; where it stands in its life is ``ConnectionState``.
//
// A turn reads, handles line after line, gathers the replies and writes them at once. It ends when nothing more has
// arrived, when its time is over (it goes on after the others had theirs), or when it is blocked: too many requests are
// pending, or too many replies are not taken. While it is blocked nothing is read, so that further input waits in the
// kernel and in the end in the client.
//
// The large buffers belong to the loop. A connection has them during its turn, and keeps what it could not send. So the
// replies of one client can never stand in a buffer that another's are sent from.

/// Serves one client: reads lines, has them answered, writes the replies in their order.
final class Connection: @unchecked Sendable {
  // Safe because everything but `descriptor` is used on the connection's own loop; other threads only hold it.

  /// Why the handling of lines in a turn ended.
  private enum Pause {
    /// Everything that has arrived was handled.
    case idle
    /// The client has to take replies, or requests have to be answered, first.
    case blocked
    case timeIsUp
  }

  let descriptor: CInt
  let user: TurnQueue<Connection>.User
  let isAdmitted: Bool
  let peer: Peer
  /// The loop's number for it.
  let number: UInt64
  private unowned let loop: ServerLoop

  private var state = ConnectionState()
  private var framer: LineFramer
  private var queue = ReplyQueue()
  private var deferred = DeferredReplies()
  /// Replies to be sent, of which the first `sent` bytes are.
  private var replies: [UInt8] = []
  private var sent = 0
  private var watch = ConnectionWatch()

  /// Whether the socket may hold bytes that were not read.
  private var isReadable = true
  /// Whether the socket may take bytes.
  private var isWritable = true
  /// Whether the kernel has reported the end of input; it is certain once it was read.
  private var hasEnd = false
  private var waitsForTurn = false
  /// How many of this connection's bytes are in the server's count of unsent bytes.
  private var countedUnsent = 0

  init(_ accepted: AcceptedConnection, number: UInt64, user: TurnQueue<Connection>.User, loop: ServerLoop) {
    descriptor = accepted.descriptor
    peer = accepted.peer
    isAdmitted = accepted.isAdmitted
    self.number = number
    self.user = user
    self.loop = loop
    framer = LineFramer(maximumLineBytes: loop.limits.lineBytes)
  }

  /// Whether it is over and its descriptor closed.
  var isClosed: Bool { state.phase == .closed }

  // MARK: Events

  /// Begins to serve.
  func begin() {
    if !isAdmitted {
      // No lingering: a rejected client must not keep a descriptor open.
      loop.handler.refuse(.tooManyConnections, from: peer, into: &replies)
      state.gaveLastAnswer()
      state.inputEnded()
    }
    if loop.isDraining { drain() }
    wantTurn()
  }

  /// Something happened to the socket.
  func happened(_ event: Poller.Event) {
    if event.isGone { return end() }
    if event.hasEnd { hasEnd = true }
    if event.isReadable || event.hasEnd { isReadable = true }
    if event.isWritable, !isWritable {
      isWritable = true
      loop.poller.tellOfRoom(false, descriptor, number)
    }
    wantTurn()
  }

  /// A deferred reply may be ready.
  func wake(_ ticket: ReplyQueue.Ticket) {
    if deferred.wake(ticket) { wantTurn() }
  }

  /// Answers what the client has sent so far, then closes.
  func drain() {
    guard !isClosed, !state.isDraining else { return }
    state.drain(unread: unreadBytes)
    // A read may have ended early, as it does at a descriptor that was sent along (unix(7)).
    isReadable = true
    wantTurn()
  }

  /// Answers pending requests with what can be said now, because the time for stopping is nearly over.
  func shutDownDeferred() {
    deferred.shutDown(delivering: &queue, into: &replies)
    wantTurn()
  }

  /// Checks whether the client has kept the connection waiting for too long.
  ///
  /// - Returns: Whether to look again.
  func look(at now: MonotonicNanoseconds) -> Bool {
    if isClosed { return false }
    switch watch.look(at: now, loop.limits) {
    case .fine: break
    case .stuck: end()
    case .lineTooSlow:
      watch.lineEnded()
      giveLastAnswer(.partialLineTimeout)
      wantTurn()
    }
    return !watch.isIdle
  }

  /// Closes at once.
  func end() {
    guard !isClosed || !loop.hasForgotten(self) else { return }
    state.close()
    let abandoned = deferred
    deferred = DeferredReplies()
    abandoned.cancel()
    replies = []
    sent = 0
    countUnsent()
    loop.forget(self)
    Glibc.close(descriptor)
  }

  private func wantTurn() {
    guard !waitsForTurn, !isClosed else { return }
    waitsForTurn = true
    loop.turns.append(self, of: user)
  }

  // MARK: The turn

  /// Reads, answers and writes, as long as the turn lasts.
  func turn(at start: MonotonicNanoseconds) {
    waitsForTurn = false
    guard !isClosed else { return }
    loop.lend(to: &framer, &replies)
    let end = start + FixedLimits.turn.nanoseconds
    resumeDeferred(until: end)
    var pause: Pause
    repeat {
      pause = handleInput(until: end)
      flush()
      // Writing may have made room.
    } while pause == .blocked && !isClosed && !isBlocked
    guard !isClosed else { return loop.takeBack(from: &framer, &replies) }
    finishTurn(after: pause)
    loop.takeBack(from: &framer, &replies)
  }

  private func finishTurn(after pause: Pause) {
    countUnsent()
    switch state.settle(isAllSaid: queue.isEmpty && replies.isEmpty, hasMore: pause != .idle) {
    case .close: return end()
    case .endSending:
      shutdown(descriptor, CInt(SHUT_WR))
      watch.lingering(at: .now)
    case .nothing: break
    }
    if pause == .idle, state.phase == .open, framer.isInsideLine {
      watch.lineUnfinished(at: .now)
    } else {
      watch.lineEnded()
    }
    if !watch.isIdle { loop.watch(self) }
    if pause == .timeIsUp || deferred.haveNews(room, in: queue) { wantTurn() }
  }

  private func handleInput(until end: MonotonicNanoseconds) -> Pause {
    while !isClosed {
      if !state.takesLines { return discardInput() }
      if isBlocked { return .blocked }
      if !state.hasSeenFirstLine, ForeignProtocol.judge(beginning: framer.beginning(64)) == .foreign {
        giveLastAnswer(.notThisProtocol)
        continue
      }
      switch framer.next() {
      case .needsMore:
        guard readMore() else { return .idle }
        continue
      case .line(let range): handleLine(range)
      case .tooLong: refuse(.lineTooLong)
      case .farTooLong: giveLastAnswer(.lineFarTooLong)
      }
      state.sawLine()
      watch.lineEnded()
      if replies.count - sent >= FixedLimits.flushBytes { flush() }
      // The clock is read only if there may be more to do.
      if framer.unconsumed > 0 || isReadable, MonotonicNanoseconds.now >= end { return .timeIsUp }
    }
    return .idle
  }

  private func handleLine(_ range: Range<Int>) {
    let bytes = framer.bytes
    let start = replies.count
    let line = bytes.span.extracting(range)
    switch loop.handler.handle(line, from: peer, into: &replies) {
    case .answered(let order):
      place(repliesFrom: start, order)
    case .notAnObject:
      place(repliesFrom: start, .afterAll)
      // The lines that follow may be an attacker's, like those after the head of an HTTP request (``ForeignProtocol``).
      if !state.hasSeenFirstLine { becomeRefused() }
    case .deferred(let order, let reply):
      let ticket = queue.reserve(order)
      if loop.areAnswersDue {
        return DeferredReplies.shutDown(reply, ticket, delivering: &queue, into: &replies)
      }
      let mailbox = loop.mailbox
      deferred.start(reply, as: ticket) { mailbox.post(.wake(self, ticket)) }
    }
  }

  private func refuse(_ fault: FramingFault) {
    let start = replies.count
    loop.handler.refuse(fault, from: peer, into: &replies)
    place(repliesFrom: start, .afterAll)
  }

  private func giveLastAnswer(_ fault: FramingFault) {
    refuse(fault)
    becomeRefused()
  }

  private func becomeRefused() {
    framer.stop()
    state.gaveLastAnswer()
  }

  /// Leaves a reply that was just appended to be sent, or moves it into the queue behind earlier ones.
  private func place(repliesFrom start: Int, _ order: ReplyOrder) {
    guard !queue.mayPass(order) else { return }
    queue.hold(Array(replies[start...]), order)
    replies.removeSubrange(start...)
  }

  private func resumeDeferred(until end: MonotonicNanoseconds) {
    guard deferred.haveNews(room, in: queue) else { return }
    deferred.lookAgain()
    while deferred.resumeNext(room, delivering: &queue, into: &replies) {
      // This also finds out whether the client takes replies. It may end the connection; then no reply waits any more.
      if unsentBytes >= FixedLimits.flushBytes { flush() }
      if MonotonicNanoseconds.now >= end { return }
    }
  }

  // MARK: Limits

  private var unsentBytes: Int { replies.count - sent }

  /// Whether the client has to wait: enough of its requests are in flight, or enough of its replies are unsent.
  ///
  /// Requests that wait for keys do not count as in flight: a slow provider must not keep later requests with good
  /// tokens from being read. They have bounds of their own (``FixedLimits/waitsForKeys``).
  private var isBlocked: Bool {
    if deferred.holdBackReading || deferred.uncounted >= FixedLimits.waitsForKeys { return true }
    if queue.deferredCount - deferred.uncounted >= loop.limits.inFlight { return true }
    if queue.heldBytes == 0, isWritable { return false }
    return queue.heldBytes + unsentBytes > loop.limits.outputBytes || leavesTooMuch
  }

  /// Whether the client takes no replies, while too many are unsent, its own or those of all clients.
  private var leavesTooMuch: Bool {
    guard unsentBytes > 0, !isWritable else { return false }
    return unsentBytes > loop.limits.outputBytes || loop.unsentBytes.areTooMany
  }

  private var room: DeferredReplies.Room {
    DeferredReplies.Room(isThere: !leavesTooMuch, heldBytes: loop.limits.outputBytes)
  }

  private func countUnsent() {
    guard unsentBytes != countedUnsent else { return }
    loop.unsentBytes.add(unsentBytes - countedUnsent)
    countedUnsent = unsentBytes
  }

  // MARK: The socket

  /// Reads once; false if nothing came.
  private func readMore() -> Bool {
    guard isReadable, state.reads else { return false }
    var count = 0
    framer.fill(atLeast: FixedLimits.leastRead) { space in
      count = receive(space)
      return count
    }
    return count > 0
  }

  private func discardInput() -> Pause {
    for _ in 0..<FixedLimits.readsDiscardedInATurn {
      guard isReadable, state.reads else { return .idle }
      loop.withDiscardedInput { _ = receive($0) }
    }
    return .timeIsUp
  }

  private func receive(_ space: UnsafeMutableRawBufferPointer) -> Int {
    let count = recv(descriptor, space.baseAddress, space.count, 0)
    if count > 0 {
      // A read that does not fill its space took all there was, except for an end.
      if count < space.count, !hasEnd { isReadable = false }
      state.received(count)
    } else if count == 0 {
      isReadable = false
      state.inputEnded()
    } else if errno == EAGAIN {
      isReadable = false
    } else if errno != EINTR {
      end()
    }
    return count
  }

  /// How many unread bytes the kernel holds for this socket; 0 if it does not say.
  private var unreadBytes: Int {
    var count: CInt = 0
    return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
  }

  private func flush() {
    let before = sent
    while isWritable, sent < replies.count {
      let count = replies.withUnsafeBytes { all in
        // Safe because `sent` is less than the count.
        all.baseAddress.map { send(descriptor, $0 + sent, all.count - sent, CInt(MSG_NOSIGNAL)) } ?? 0
      }
      if count > 0 {
        sent += count
      } else if errno == EAGAIN {
        isWritable = false
        loop.poller.tellOfRoom(true, descriptor, number)
      } else if errno != EINTR {
        return end()
      }
    }
    if sent == replies.count {
      replies.removeAll(keepingCapacity: true)
      sent = 0
      watch.allSent()
    } else {
      watch.unsent(at: .now, tookSome: sent > before)
    }
  }
}
