import BearerJSON
import BearerProtocol
import BearerTime
import Dispatch
import Synchronization

/// Makes the replies to `status` on a queue of its own: the more issuers and keys there are, the longer it takes.
///
/// Whoever asks the same before an answer is begun shares it, so a flood costs others the time of one answer.
final class StatusQueue: Sendable {
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

  private let reporter: StatusReporter
  let queue = DispatchQueue(label: "bearerd.status")
  private let waiting = Mutex<[Subject: [@Sendable ([UInt8]) -> Void]]>([:])

  init(_ reporter: StatusReporter) {
    self.reporter = reporter
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
      members.append(members: reporter.status(question.active, at: question.at, of: question.issuer, question.detail))
      members.escapeLineSeparators(from: 0)
      for done in asking { done(members) }
    }
  }
}
