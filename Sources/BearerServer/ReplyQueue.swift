// When a reply may be sent.
//
// Most replies are made before the next line is read, and no earlier one waits: they never enter the queue, the
// connection only asks `mayPass`. Waiting replies are kept in the order of their lines. A reply to a line of which the
// request is unknown (`afterAll`) may belong to a request without `id`, so later in-order replies stay behind it.
//
// Nothing here takes longer because more replies wait: a connection may have thousands.

/// The replies of one connection that wait: for their own answer, or for that of an earlier line.
struct ReplyQueue {
  /// Names a deferred reply of this connection.
  struct Ticket: Hashable, Sendable {
    fileprivate let number: UInt64
    fileprivate let isFree: Bool
  }

  private struct Entry {
    let number: UInt64
    let isAfterAll: Bool
    /// The reply line; nil while its answer is not known.
    var reply: [UInt8]?
  }

  /// Replies that have a place, in the order of their lines; numbers ascend.
  private var ordered = Fifo<Entry>()
  /// Replies without a place whose answer is not known.
  private var free: Set<UInt64> = []
  /// Their numbers in order, and some of replies that were answered since; the first is unanswered.
  private var freeAsTheyCame = Fifo<UInt64>()
  private var nextNumber: UInt64 = 0

  /// How many replies are not known yet.
  private(set) var deferredCount = 0
  /// The bytes of replies that are known and wait for an earlier one.
  private(set) var heldBytes = 0

  /// Whether nothing waits.
  var isEmpty: Bool { ordered.isEmpty && free.isEmpty }

  /// Whether a reply that is known now, to the line read last, may be sent at once.
  func mayPass(_ order: ReplyOrder) -> Bool {
    switch order {
    case .free: true
    case .inOrder: ordered.isEmpty
    case .afterAll: isEmpty
    }
  }

  /// Whether no other reply that has a place is before a reserved one.
  func isNext(_ ticket: Ticket) -> Bool { ticket.isFree || ordered.first?.number == ticket.number }

  /// Keeps a reply that is known but may not pass yet.
  mutating func hold(_ reply: [UInt8], _ order: ReplyOrder) {
    heldBytes += reply.count
    ordered.append(Entry(number: takeNumber(), isAfterAll: order == .afterAll, reply: reply))
  }

  /// Keeps the place of a reply that is not known yet.
  mutating func reserve(_ order: ReplyOrder) -> Ticket {
    deferredCount += 1
    let ticket = Ticket(number: takeNumber(), isFree: order == .free)
    if ticket.isFree {
      free.insert(ticket.number)
      freeAsTheyCame.append(ticket.number)
    } else {
      ordered.append(Entry(number: ticket.number, isAfterAll: order == .afterAll, reply: nil))
    }
    return ticket
  }

  /// Takes the reply to a reserved place and appends to `out` whatever may be sent now.
  ///
  /// - Returns: Whether the ticket was waiting; false for a second reply to the same line.
  @discardableResult
  mutating func deliver(_ reply: [UInt8], for ticket: Ticket, into out: inout [UInt8]) -> Bool {
    if ticket.isFree {
      guard free.remove(ticket.number) != nil else { return false }
      forgetAnsweredFree()
      out.append(contentsOf: reply)
    } else {
      guard let index = index(of: ticket.number), ordered[index].reply == nil else { return false }
      heldBytes += reply.count
      ordered[index].reply = reply
    }
    deferredCount -= 1
    release(into: &out)
    return true
  }

  private mutating func takeNumber() -> UInt64 {
    defer { nextNumber += 1 }
    return nextNumber
  }

  private func index(of number: UInt64) -> Int? {
    var low = 0
    var high = ordered.count
    while low < high {
      let middle = (low + high) / 2
      if ordered[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < ordered.count && ordered[low].number == number ? low : nil
  }

  /// Sends the replies that no longer wait for an earlier one.
  private mutating func release(into out: inout [UInt8]) {
    while let first = ordered.first, let reply = first.reply {
      if first.isAfterAll, let oldest = freeAsTheyCame.first, oldest < first.number { return }
      heldBytes -= reply.count
      out.append(contentsOf: reply)
      ordered.removeFirst()
    }
  }

  /// Makes the first of ``freeAsTheyCame`` the oldest that is not answered.
  private mutating func forgetAnsweredFree() {
    while let number = freeAsTheyCame.first, !free.contains(number) { freeAsTheyCame.removeFirst() }
  }
}
