/// The replies of one connection that wait for something, and those of them that may be ready by now.
struct DeferredReplies {
  private var waiting: [ReplyQueue.Ticket: any DeferredReply] = [:]
  /// Those that were woken and not looked at since.
  private var woken: [ReplyQueue.Ticket] = []
  /// The reply that waits without room, so that nothing is read until it is looked at.
  private var heldBackBy: ReplyQueue.Ticket?
  /// How many do not count among the requests in flight.
  private(set) var uncounted = 0

  /// Whether any may be ready.
  var haveNews: Bool { !woken.isEmpty }

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

  /// Takes the replies that are ready, as long as there is time.
  ///
  /// - Parameters:
  ///   - end: When the time is over; one is looked at in any case.
  ///   - queue: Where they have their places.
  ///   - out: Where to append what may be sent now.
  mutating func resume(
    until end: ContinuousNanoseconds, delivering queue: inout ReplyQueue, into out: inout [UInt8]
  ) {
    var looked = 0
    var line: [UInt8] = []
    for ticket in woken {
      looked += 1
      if let reply = waiting[ticket] {
        if heldBackBy == ticket { heldBackBy = nil }
        if reply.resume(into: &line) {
          waiting[ticket] = nil
          if !reply.countsInFlight { uncounted -= 1 }
          queue.deliver(line, for: ticket, into: &out)
          line.removeAll(keepingCapacity: true)
        } else if reply.holdsBackReading {
          heldBackBy = ticket
        }
      }
      if ContinuousNanoseconds.now >= end { break }
    }
    woken.removeFirst(looked)
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
