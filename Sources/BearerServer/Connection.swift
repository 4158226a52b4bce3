internal import BearerTransport
internal import NIOCore

// One connection, on its event loop.
//
// A turn takes what was read, handles line after line, gathers the replies and writes them once. It ends when no whole
// line is left, when its time is over (then it goes on after the other connections had theirs), or when the client owes:
// too many requests are being worked on, or too many replies are not taken. While it owes nothing is read, so that the
// rest waits in the kernel and at last in the client.
//
// Reading is asked for piece by piece (autoRead is off). The one exception is not ours to change: when the client has
// closed its end, SwiftNIO reads what the kernel still holds, which is bounded by the socket's buffer.

/// Handles one client: reads lines, has them answered, writes the replies in their order.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Why a turn's handling of lines ended.
  private enum Pause {
    case needsInput, blocked, timeIsUp, lastAnswerGiven
  }

  private let peer: Peer
  let share: LoopShare
  let limits: ServerLimits
  private let isAdmitted: Bool
  private let onClose: () -> Void

  var context: ChannelHandlerContext?
  private var framer: LineFramer
  private var queue = ReplyQueue()
  private var deferred: [ReplyQueue.Ticket: any DeferredReply] = [:]
  private var gate: DeliveryGate?

  private var hasSeenFirstLine = false
  private var isInTurn = false
  private var isYielding = false
  /// Nothing more will be read: the client closed its end, or all was read that had arrived when the server stopped.
  var hasInputEnded = false
  /// The last answer is given: input is thrown away, and the connection ends once the answers are sent.
  private var isLastAnswerGiven = false
  var isFinishing = false
  /// The last answer is sent and the sending direction ended; only the client's end is waited for.
  var isLingering = false
  /// While the server stops: how many bytes had arrived by then and are still to be read.
  private var unreadAtDrain: Int?

  private var partialLineWatch = PartialLineWatch()
  private var partialLineTimer: Scheduled<Void>?
  var writeWatch = WriteWatch()
  var writeTimer: Scheduled<Void>?
  var lingerTimer: Scheduled<Void>?

  /// - Parameters:
  ///   - peer: Who is at the other end.
  ///   - share: What belongs to the connection's event loop.
  ///   - isAdmitted: Whether the connection is within the limits; if not it is told so and closed.
  ///   - onClose: Called once, on the loop, when the connection is gone.
  init(peer: Peer, share: LoopShare, isAdmitted: Bool, onClose: @escaping () -> Void) {
    self.peer = peer
    self.share = share
    self.limits = share.limits
    self.isAdmitted = isAdmitted
    self.onClose = onClose
    self.framer = LineFramer(maximumLineBytes: share.limits.lineBytes)
  }

  // MARK: Events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    share.insert(self)
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    begin(context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    if let unread = unreadAtDrain {
      unreadAtDrain = unread - bytes.readableBytes
      if unread <= bytes.readableBytes { hasInputEnded = true }
    }
    if !isLastAnswerGiven { framer.append(bytes) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if isLastAnswerGiven {
      context.read()
    } else {
      turn(context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      hasInputEnded = true
      if isLingering { context.close(promise: nil) } else { turn(context) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { turn(context) }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    gate?.close()
    for timer in [partialLineTimer, writeTimer, lingerTimer] { timer?.cancel() }
    let abandoned = deferred
    deferred = [:]
    for reply in abandoned.values { reply.cancel() }
    share.remove(self)
    onClose()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard isAdmitted else {
      // No lingering here: whoever is over the limit must not hold a descriptor longer than it takes to tell.
      share.handler.refuse(.tooManyConnections, into: &share.replies)
      isLastAnswerGiven = true
      hasInputEnded = true
      flush(context)
      finish(context)
      return
    }
    if share.isDraining { drain() } else { context.read() }
  }

  // MARK: Stopping

  /// Answers what the client has sent by now and closes; replies that are not known yet are asked for at once.
  func drain() {
    // Not active yet: it will come back here when it is.
    guard let context, context.channel.isActive, unreadAtDrain == nil else { return }
    let unread = context.channel.unreadBytes
    unreadAtDrain = unread
    for reply in Array(deferred.values) { reply.shutDown() }
    if unread == 0 { hasInputEnded = true }
    turn(context)
  }

  /// Closes at once.
  func cutOff() {
    context?.close(promise: nil)
  }

  // MARK: The turn

  private func turn(_ context: ChannelHandlerContext) {
    guard self.context != nil, !isInTurn, !isYielding else { return }
    isInTurn = true
    let end = context.eventLoop.now + FixedLimits.turn
    var pause: Pause
    repeat {
      pause = handleLines(context, until: end)
      flush(context)
      // Writing may have made room for what was in the way.
    } while pause == .blocked && self.context != nil && !isBlocked(context)
    isInTurn = false
    guard self.context != nil else { return }
    prepareNext(context, after: pause)
  }

  private func prepareNext(_ context: ChannelHandlerContext, after pause: Pause) {
    switch pause {
    case .timeIsUp:
      isYielding = true
      share.afterOthers { [self] in
        isYielding = false
        if let context = self.context { turn(context) }
      }
    case .blocked:
      partialLineWatch.stop()
    case .lastAnswerGiven:
      partialLineWatch.stop()
      if queue.isEmpty { linger(context) }
    case .needsInput where hasInputEnded:
      partialLineWatch.stop()
      if queue.isEmpty { finish(context) }
    case .needsInput:
      watchPartialLine(context)
      context.read()
    }
  }

  private func handleLines(_ context: ChannelHandlerContext, until end: NIODeadline) -> Pause {
    while true {
      if isLastAnswerGiven { return .lastAnswerGiven }
      if isBlocked(context) { return .blocked }
      if !hasSeenFirstLine, ForeignProtocol.judge(beginning: framer.bytes.readableBytesView) == .foreign {
        giveLastAnswer(.notThisProtocol)
        continue
      }
      switch framer.next() {
      case .needsMore: return .needsInput
      case .line(let range): handleLine(range)
      case .tooLong: refuse(.lineTooLong)
      case .farTooLong: giveLastAnswer(.lineFarTooLong)
      }
      hasSeenFirstLine = true
      partialLineWatch.stop()
      if share.replies.count >= FixedLimits.flushBytes { flush(context) }
      if self.context == nil { return .blocked }
      if context.eventLoop.now >= end { return .timeIsUp }
    }
  }

  private func handleLine(_ range: Range<Int>) {
    let bytes = framer.bytes
    let line = bytes.readableBytesUInt8Span.extracting(range)
    if !hasSeenFirstLine, ForeignProtocol.isRequestLine(line) {
      giveLastAnswer(.notThisProtocol)
      return
    }
    let start = share.replies.count
    switch share.handler.handle(line, from: peer, mayWait: mayWait, into: &share.replies) {
    case .answered(let order):
      place(repliesFrom: start, order)
    case .deferred(let order, let reply):
      let ticket = queue.reserve(order)
      deferred[ticket] = reply
      let gate = openGate()
      reply.start { gate.deliver($0, for: ticket) }
      if unreadAtDrain != nil { reply.shutDown() }
    }
  }

  private func openGate() -> DeliveryGate {
    if let gate { return gate }
    let gate = DeliveryGate(self, eventLoop: share.eventLoop)
    self.gate = gate
    return gate
  }

  private func refuse(_ fault: FramingFault) {
    let start = share.replies.count
    share.handler.refuse(fault, into: &share.replies)
    place(repliesFrom: start, .afterAll)
  }

  private func giveLastAnswer(_ fault: FramingFault) {
    refuse(fault)
    framer.end()
    isLastAnswerGiven = true
  }

  /// Lets a reply that was just appended go, or moves it to where it waits for earlier ones.
  private func place(repliesFrom start: Int, _ order: ReplyOrder) {
    guard !queue.mayPass(order) else { return }
    queue.hold(Array(share.replies[start...]), order)
    share.replies.removeSubrange(start...)
  }

  /// Takes a deferred reply, on the loop.
  func deliver(_ reply: [UInt8], for ticket: ReplyQueue.Ticket) {
    guard let context, deferred.removeValue(forKey: ticket) != nil else { return }
    queue.deliver(reply, for: ticket, into: &share.replies)
    flush(context)
    if isYielding { return }
    turn(context)
  }

  /// Whether the next request may wait for keys.
  ///
  /// Half of what may be in flight is kept from such waits: slow providers must not fill it and so keep good tokens
  /// behind them from being read.
  private var mayWait: Bool { queue.deferredCount < max(1, limits.inFlight / 2) }

  /// Whether the client has to wait: enough of its requests are worked on, or enough of its replies are not sent.
  private func isBlocked(_ context: ChannelHandlerContext) -> Bool {
    if queue.deferredCount >= limits.inFlight || !context.channel.isWritable { return true }
    if queue.heldBytes == 0 { return false }
    return queue.heldBytes + share.replies.count + unsentBytes(context) > limits.outputBytes
  }

  // MARK: Unfinished lines

  private func watchPartialLine(_ context: ChannelHandlerContext) {
    guard framer.isInsideLine else { return partialLineWatch.stop() }
    partialLineWatch.start(now: context.eventLoop.now, timeout: TimeAmount(limits.partialLineTimeout))
    guard partialLineTimer == nil, let deadline = partialLineWatch.deadline else { return }
    schedulePartialLineTimer(context, at: deadline)
  }

  private func schedulePartialLineTimer(_ context: ChannelHandlerContext, at deadline: NIODeadline) {
    partialLineTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
      partialLineTimer = nil
      guard let context = self.context, let deadline = partialLineWatch.deadline else { return }
      guard context.eventLoop.now >= deadline else { return schedulePartialLineTimer(context, at: deadline) }
      giveLastAnswer(.partialLineTimeout)
      turn(context)
    }
  }
}
