import BearerJSON
import BearerProtocol
import BearerServer
import BearerTime
import Synchronization

/// `status`: the state of the daemon and of each issuer.
extension RequestHandler {
  func status(_ request: Request, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    var issuer: Int?
    if let name = request.issuer {
      issuer = active.issuers(named: name).first
      guard issuer != nil else { return refuse(.noSuchIssuer, into: &reply) }
    }
    let question = StatusQueue.Question(
      active: active, issuer: issuer, detail: reporter.detail(for: peer), at: now.monotonic)
    return .deferred(order, PendingStatus(question, at: statusQueue, id: reader.id))
  }
}

/// A `status` whose answer is being made.
final class PendingStatus: DeferredReply, Sendable {
  private let question: StatusQueue.Question
  private let queue: StatusQueue
  private let id: [UInt8]
  private let answer = Mutex<StatusQueue.Answer?>(nil)
  private let isKnown = Atomic(false)

  init(_ question: StatusQueue.Question, at queue: StatusQueue, id: [UInt8]) {
    self.question = question
    self.queue = queue
    self.id = id
  }

  func start(_ wakeUp: @escaping @Sendable () -> Void) {
    let answer = queue.ask(question) { [self] in
      isKnown.store(true, ordering: .releasing)
      wakeUp()
    }
    self.answer.withLock { $0 = answer }
  }

  func resume(into reply: inout [UInt8]) -> Bool {
    guard isKnown.load(ordering: .acquiring), let answer = answer.withLock(\.self) else { return false }
    let start = reply.count
    reply.beginReply(id: id)
    reply.append(json: #""ok":true"#)
    reply.escapeLineSeparators(from: start)
    reply += answer.members
    reply.endReply()
    return true
  }

  func shutDown(into reply: inout [UInt8]) {
    ErrorReply.shuttingDown.appendReply(id: id, to: &reply)
  }

  func cancel() {}
}
