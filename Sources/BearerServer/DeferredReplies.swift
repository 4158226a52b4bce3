/// The replies of one connection that wait for something, and those of them that may be ready by now.
struct DeferredReplies {
  private var waiting: [ReplyQueue.Ticket: any DeferredReply] = [:]
  /// Those that were woken and not looked at since.
  private var woken = Fifo<ReplyQueue.Ticket>()
  /// Woken ones that there was no room for.
  private var passedOver: [ReplyQueue.Ticket] = []
  /// The reply that keeps the connection from being read (``DeferredReply/holdsBackReading``).
  private var heldBackBy: ReplyQueue.Ticket?
  /// How many do not count among the requests in flight.
  private(set) var uncounted = 0

  /// What a connection has room for.
  struct Room {
    /// Whether the client takes its replies, or has not left many.
    let isThere: Bool
    /// The most bytes of replies that wait for an earlier one.
    let heldBytes: Int
  }

  /// Whether any may be ready that there is room for.
  func haveNews(_ room: Room, in queue: ReplyQueue) -> Bool {
    !woken.isEmpty || passedOver.contains { mayBeMade($0, room, in: queue) }
  }

  /// Whether nothing may be read from the connection.
  var holdBackReading: Bool { heldBackBy != nil }

  /// Starts the work of a reply, and waits for it.
  ///
  /// - Parameters:
  ///   - reply: The reply.
  ///   - ticket: Its place among the connection's replies.
  ///   - wakeUp: Has ``wake(_:)`` called on the connection's loop.
  mutating func start(
    _ reply: any DeferredReply, as ticket: ReplyQueue.Ticket, _ wakeUp: @escaping @Sendable () -> Void
  ) {
    waiting[ticket] = reply
    if !reply.countsInFlight { uncounted += 1 }
    reply.start(wakeUp)
    if reply.holdsBackReading { heldBackBy = ticket }
  }

  /// A reply may be ready; false if it does not wait any more.
  mutating func wake(_ ticket: ReplyQueue.Ticket) -> Bool {
    guard waiting[ticket] != nil else { return false }
    woken.append(ticket)
    return true
  }

  /// Looks again at those that were passed over.
  mutating func lookAgain() {
    for ticket in passedOver { woken.append(ticket) }
    passedOver = []
  }

  /// Looks at the next reply that may be ready and that there is room for, and takes it if it is.
  ///
  /// - Parameters:
  ///   - room: What there is room for.
  ///   - queue: Where they have their places.
  ///   - out: Where to append what may be sent now.
  /// - Returns: Whether there was one to look at.
  mutating func resumeNext(_ room: Room, delivering queue: inout ReplyQueue, into out: inout [UInt8]) -> Bool {
    while let ticket = woken.popFirst() {
      guard let reply = waiting[ticket] else { continue }
      guard mayBeMade(ticket, room, in: queue) else {
        passedOver.append(ticket)
        continue
      }
      if heldBackBy == ticket { heldBackBy = nil }
      var line: [UInt8] = []
      if reply.resume(into: &line) {
        waiting[ticket] = nil
        if !reply.countsInFlight { uncounted -= 1 }
        queue.deliver(line, for: ticket, into: &out)
      } else if reply.holdsBackReading {
        heldBackBy = ticket
      }
      return true
    }
    return false
  }

  /// Whether to make a reply: not while the client leaves too many others.
  ///
  /// One reply may be as long as all that a client may leave, and all that are in flight may be ready at once. The bound
  /// on held replies does not stop the first in order, because those wait behind it. Nothing stops a reply that does not
  /// count in flight, because it keeps memory that others wait for.
  private func mayBeMade(_ ticket: ReplyQueue.Ticket, _ room: Room, in queue: ReplyQueue) -> Bool {
    guard waiting[ticket]?.countsInFlight == true else { return true }
    return room.isThere && (queue.heldBytes <= room.heldBytes || queue.isNext(ticket))
  }

  /// Answers all with what can be said now.
  mutating func shutDown(delivering queue: inout ReplyQueue, into out: inout [UInt8]) {
    for (ticket, reply) in waiting { Self.shutDown(reply, ticket, delivering: &queue, into: &out) }
    waiting = [:]
    uncounted = 0
    heldBackBy = nil
  }

  /// Answers one with what can be said now.
  static func shutDown(
    _ reply: any DeferredReply, _ ticket: ReplyQueue.Ticket, delivering queue: inout ReplyQueue,
    into out: inout [UInt8]
  ) {
    var line: [UInt8] = []
    reply.shutDown(into: &line)
    queue.deliver(line, for: ticket, into: &out)
  }

  /// Gives all up: the connection is gone.
  func cancel() {
    for reply in waiting.values { reply.cancel() }
  }
}
