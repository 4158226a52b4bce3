// When a reply may be sent.
//
// Most replies are there before the next line is read, and nothing waits before them: they never enter the queue, the
// connection only asks `mayPass`. What waits is kept in the order of its lines. A reply without a place of its own
// (`afterAll`) may belong to a request without `id`, so that later in-order replies stay behind it.

/// The replies of one connection that wait: for their own answer, or for that of an earlier line.
struct ReplyQueue {
  /// Names a deferred reply of this connection.
  struct Ticket: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private struct Entry {
    let number: UInt64
    let order: ReplyOrder
    /// The reply line; nil while its answer is not known.
    var reply: [UInt8]?
  }

  /// In the order of their lines; numbers ascend.
  private var entries: [Entry] = []
  private var nextNumber: UInt64 = 0
  private var orderedEntries = 0

  /// How many replies are not known yet.
  private(set) var deferredCount = 0
  /// The bytes of replies that are known and wait for an earlier one.
  private(set) var heldBytes = 0

  /// Whether nothing waits.
  var isEmpty: Bool { entries.isEmpty }

  /// Whether a reply that is known now, to the line read last, may be sent at once.
  func mayPass(_ order: ReplyOrder) -> Bool {
    switch order {
    case .free: true
    case .inOrder: orderedEntries == 0
    case .afterAll: entries.isEmpty
    }
  }

  /// Keeps a reply that is known but may not pass yet.
  mutating func hold(_ reply: [UInt8], _ order: ReplyOrder) {
    heldBytes += reply.count
    append(order, reply)
  }

  /// Keeps the place of a reply that is not known yet.
  mutating func reserve(_ order: ReplyOrder) -> Ticket {
    deferredCount += 1
    return Ticket(number: append(order, nil))
  }

  /// Takes the reply to a reserved place and appends to `out` whatever may be sent now.
  ///
  /// - Returns: Whether the ticket was waiting; false for a second reply to the same line.
  @discardableResult
  mutating func deliver(_ reply: [UInt8], for ticket: Ticket, into out: inout [UInt8]) -> Bool {
    guard let index = entries.firstIndex(where: { $0.number == ticket.number }), entries[index].reply == nil else {
      return false
    }
    deferredCount -= 1
    heldBytes += reply.count
    entries[index].reply = reply
    release(into: &out)
    return true
  }

  @discardableResult
  private mutating func append(_ order: ReplyOrder, _ reply: [UInt8]?) -> UInt64 {
    let number = nextNumber
    nextNumber += 1
    if order != .free { orderedEntries += 1 }
    entries.append(Entry(number: number, order: order, reply: reply))
    return number
  }

  /// Sends what nothing stands before any more; what stays keeps its order.
  private mutating func release(into out: inout [UInt8]) {
    var kept: [Entry] = []
    var keptOrdered = 0
    for entry in entries {
      let mayGo =
        switch entry.order {
        case .free: true
        case .inOrder: keptOrdered == 0
        case .afterAll: kept.isEmpty
        }
      if mayGo, let reply = entry.reply {
        heldBytes -= reply.count
        out.append(contentsOf: reply)
      } else {
        if entry.order != .free { keptOrdered += 1 }
        kept.append(entry)
      }
    }
    entries = kept
    orderedEntries = keptOrdered
  }
}
