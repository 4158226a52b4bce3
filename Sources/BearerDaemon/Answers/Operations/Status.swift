import BearerJSON
import BearerProtocol
import BearerServer
import BearerTime
import Dispatch
import Synchronization

/// `status`: how the daemon and each issuer are.
extension RequestHandler {
  func status(_ request: Request, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    var issuer: Int?
    if let name = request.issuer {
      issuer = active.issuers(named: name).first
      guard issuer != nil else { return refuse(.noSuchIssuer, into: &reply) }
    }
    let question = StatusDesk.Question(
      active: active, issuer: issuer, detail: reports.detail(for: peer), at: now.monotonic)
    return .deferred(order, PendingStatus(question, at: statusDesk, id: reader.id))
  }
}

/// Makes the replies to `status` on a queue of its own: what it tells takes time by the number of issuers and keys.
///
/// All who ask the same before an answer is begun get that one, so that a flood costs others nothing but the turn of one
/// answer.
final class StatusDesk: Sendable {
  /// What is asked.
  struct Question: Sendable {
    let active: ActiveConfiguration
    /// The only issuer that is wanted.
    let issuer: Int?
    let detail: StatusDetail
    /// When it was asked.
    let at: MonotonicTime
  }

  private struct Subject: Hashable {
    let active: ObjectIdentifier
    let issuer: Int?
    let detail: StatusDetail
  }

  private let reports: Reports
  let queue = DispatchQueue(label: "bearerd.status")
  private let waiting = Mutex<[Subject: [@Sendable ([UInt8]) -> Void]]>([:])

  init(_ reports: Reports) {
    self.reports = reports
  }

  /// Answers a question soon, on another thread.
  ///
  /// - Parameters:
  ///   - question: What is asked.
  ///   - done: Called once, with the reply's members.
  func ask(_ question: Question, _ done: @escaping @Sendable ([UInt8]) -> Void) {
    let subject = Subject(
      active: ObjectIdentifier(question.active), issuer: question.issuer, detail: question.detail)
    let isFirst = waiting.withLock { waiting in
      waiting[subject, default: []].append(done)
      return waiting[subject]?.count == 1
    }
    guard isFirst else { return }
    queue.async { [self] in
      let asking = waiting.withLock { $0.removeValue(forKey: subject) ?? [] }
      var members: [UInt8] = []
      members.append(members: reports.status(question.active, at: question.at, of: question.issuer, question.detail))
      members.escapeLineSeparators(from: 0)
      for done in asking { done(members) }
    }
  }
}

/// A `status` whose answer is being made.
final class PendingStatus: DeferredReply, Sendable {
  private let question: StatusDesk.Question
  private let desk: StatusDesk
  private let id: [UInt8]
  private let members = Mutex<[UInt8]?>(nil)

  init(_ question: StatusDesk.Question, at desk: StatusDesk, id: [UInt8]) {
    self.question = question
    self.desk = desk
    self.id = id
  }

  func start(_ wakeUp: @escaping @Sendable () -> Void) {
    desk.ask(question) { [self] members in
      self.members.withLock { $0 = members }
      wakeUp()
    }
  }

  func resume(into reply: inout [UInt8]) -> Bool {
    guard let members = members.withLock(\.self) else { return false }
    let start = reply.count
    reply.beginReply(id: id)
    reply.append(json: #""ok":true"#)
    reply.escapeLineSeparators(from: start)
    reply += members
    reply.endReply()
    return true
  }

  func shutDown(into reply: inout [UInt8]) {
    ErrorReply.shuttingDown.appendReply(id: id, to: &reply)
  }

  func cancel() {}
}
