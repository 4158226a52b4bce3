import BearerJSON
import BearerProtocol
import BearerTime
import Dispatch
import Synchronization

/// Makes the replies to `status` on a queue of its own: the more issuers and keys there are, the longer it takes.
///
/// Equal questions that come before an answer is begun share it, so a flood costs others the time of one answer. A
/// client that does not take its reply holds no copy and gets the newest answer at last: one answer is kept for each
/// question.
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

  /// The newest answer to a question; there for as long as somebody holds it.
  final class Answer: Sendable {
    private let newest = Mutex<[UInt8]>([])

    /// The reply's members.
    var members: [UInt8] { newest.withLock(\.self) }

    fileprivate func renew(_ members: [UInt8]) { newest.withLock { $0 = members } }
  }

  private struct Known: Sendable {
    weak var answer: Answer?
    /// Called when the next answer is there.
    var waiting: [@Sendable () -> Void] = []
  }

  private let reporter: StatusReporter
  let queue = DispatchQueue(label: "bearerd.status")
  private let known = Mutex<[Subject: Known]>([:])

  init(_ reporter: StatusReporter) {
    self.reporter = reporter
  }

  /// Answers a question soon, on another thread.
  ///
  /// - Parameters:
  ///   - question: What is asked.
  ///   - done: Called once, when there is an answer that was begun after this call.
  /// - Returns: Where the answer will be; its holder must hold the question's configuration as well.
  func ask(_ question: Question, _ done: @escaping @Sendable () -> Void) -> Answer {
    let subject = Subject(
      active: ObjectIdentifier(question.active), issuer: question.issuer, detail: question.detail)
    let (answer, isFirst) = known.withLock { known in
      let answer = known[subject]?.answer ?? Answer()
      known[subject, default: Known()].answer = answer
      known[subject]?.waiting.append(done)
      return (answer, known[subject]?.waiting.count == 1)
    }
    guard isFirst else { return answer }
    queue.async { [self] in
      let waiting = known.withLock { known in
        defer { known[subject]?.waiting = [] }
        return known[subject]?.waiting ?? []
      }
      var members: [UInt8] = []
      members.append(members: reporter.status(question.active, at: question.at, of: question.issuer, question.detail))
      members.escapeLineSeparators(from: 0)
      answer.renew(members)
      for done in waiting { done() }
      known.withLock { $0 = $0.filter { $0.value.answer != nil || !$0.value.waiting.isEmpty } }
    }
    return answer
  }
}
