import BearerClaims
import BearerConfiguration
import BearerIntrospection
import BearerJOSE
import BearerKeys
import BearerProtocol
import BearerServer
import BearerTime
import Synchronization

/// A token whose key has been asked for: judged when the key arrives, or when the wait is over.
///
/// The news may come on any thread; the verdict is always reached on the connection's own loop, by the handler that the
/// token came to, and so is remembered like any other.
final class PendingToken: DeferredReply {
  /// ``WaitingRoom`` bounds the memory of all waits, and a wait must not keep known tokens from being read.
  var countsInFlight: Bool { false }

  /// When the waiting room is full, reading stops: a client had better wait than have a good token refused.
  private(set) var holdsBackReading = false

  /// What was waited for, and what came of it.
  private enum Outcome {
    case key(KeyWaitOutcome)
    case status(StatusOutcome, BackEnd, TokenDigest)
  }

  private struct State {
    /// How the wait ended, and when; nil while it goes on, and once it was looked at.
    var outcome: (Outcome, at: MonotonicTime)?
    var wakeUp: (@Sendable () -> Void)?
  }

  /// The request as it came; policies and issuers may be others when it is answered.
  let question: TokenQuestion
  /// The user id at the other end of the connection.
  let user: UInt32
  let token: [UInt8]
  let id: [UInt8]
  /// What the request keeps while it waits, in bytes.
  private let keptBytes: Int
  private let handler: RequestHandler
  /// When the request came, by the clock of its issuer's keys.
  ///
  /// All its waits together are at most `key_wait` and at most `deadline_ms`, however many fetches they are for.
  private let cameAt: MonotonicTime
  /// Until when the request itself is willing to wait (`deadline_ms`), if it says so.
  private let deadline: MonotonicTime?
  /// Ends the wait that is under way.
  private var giveUp: (() -> Void)?
  private let state: SharedState

  /// The part that other threads use.
  private final class SharedState: Sendable {
    let value = Mutex(State())

    func end(_ outcome: Outcome, at now: MonotonicTime) {
      let wakeUp = value.withLock { state in
        state.outcome = (outcome, now)
        return state.wakeUp
      }
      wakeUp?()
    }
  }

  init(
    _ question: TokenQuestion, _ handler: RequestHandler, user: UInt32, token: [UInt8], id: [UInt8], otherBytes: Int,
    cameAt: MonotonicTime
  ) {
    // A request's constraints are kept twice: as they came, and in the effective policy.
    keptBytes = token.count + id.count + 2 * otherBytes + question.request.constraints.overheadBytes
    self.question = question
    self.handler = handler
    self.user = user
    self.token = token
    self.id = id
    self.cameAt = cameAt
    state = SharedState()
    deadline = question.request.deadlineMilliseconds.map { cameAt + .milliseconds($0) }
  }

  /// Asks for the key.
  ///
  /// - Parameters:
  ///   - question: What is asked, under the policies and issuers in force now.
  ///   - need: The key that is missing.
  ///   - generation: The generation of the usable set that was looked into; `nil` if there was none.
  /// - Returns: What to do now.
  func ask(
    _ question: TokenQuestion, _ need: MissingKey, notIn generation: UInt64?
  ) -> Decision {
    let keys = question.active.keys[need.issuer]
    let keyWait = question.active.configuration.issuers[need.issuer].keyWait
    let latest = min(cameAt + keyWait, deadline ?? .distantFuture)
    let now = handler.now.monotonic
    let decision = keys.requestKey(
      kid: need.kid, notIn: generation, now: now,
      waitAtMost: max(.zero, latest.duration(since: now)),
      wait: WaitingRoom.Wait(user: user, bytes: keptBytes)
    ) { [state] outcome in
      state.end(.key(outcome), at: keys.now)
    }
    switch decision {
    case .lookAgain: return .lookAgain
    case .unknownKey: return .refuse(.noSuchKey(need, question.policy))
    case .unavailable(let retryAfter): return .refuse(.keysUnavailable(retryAfter: retryAfter))
    case .shuttingDown: return .refuse(.shuttingDown)
    case .waiting(let wait):
      giveUp = wait.cancel
      holdsBackReading = wait.isWithoutRoom
      return .wait
    }
  }

  /// Asks a back-end.
  ///
  /// - Parameters:
  ///   - question: What is asked, under the policies and issuers in force now.
  ///   - missing: The answer that is missing.
  /// - Returns: What to do now.
  func ask(_ question: TokenQuestion, _ missing: MissingStatus) -> StatusStep {
    guard let backEnd = question.active.backEnds[missing.issuer]?.backEnd else { return .refuse(.shuttingDown) }
    let keyWait = question.active.configuration.issuers[missing.issuer].keyWait
    let latest = min(cameAt + keyWait, deadline ?? .distantFuture)
    let now = backEnd.now
    let digest = missing.question.digest
    let decision = backEnd.ask(
      missing.question, now: now, waitAtMost: max(.zero, latest.duration(since: now)),
      wait: WaitingRoom.Wait(user: user, bytes: keptBytes)
    ) {
      StatusCall(token: token, identity: missing.identity)
    } wakeUp: { [state] outcome in
      state.end(.status(outcome, backEnd, digest), at: backEnd.now)
    }
    switch decision {
    case .known(let status): return .given(GivenStatus(backEnd: backEnd, digest: digest, status: status))
    case .unavailable(let failure): return .refuse(.introspectionUnavailable(failure))
    case .shuttingDown: return .refuse(.shuttingDown)
    case .waiting(let wait):
      giveUp = wait.cancel
      holdsBackReading = wait.isWithoutRoom
      return .wait
    }
  }

  enum StatusStep {
    case given(GivenStatus)
    case refuse(ErrorReply)
    case wait
  }

  enum Decision {
    case lookAgain
    case refuse(ErrorReply)
    case wait
  }

  // MARK: DeferredReply

  func start(_ wakeUp: @escaping @Sendable () -> Void) {
    let isOver = state.value.withLock { state in
      state.wakeUp = wakeUp
      return state.outcome != nil
    }
    if isOver { wakeUp() }
  }

  func resume(into reply: inout [UInt8]) -> Bool {
    let outcome = state.value.withLock { state in
      defer { state.outcome = nil }
      return state.outcome
    }
    guard let (outcome, now) = outcome else { return false }
    giveUp = nil
    holdsBackReading = false
    return handler.judge(self, news(of: outcome, at: now), into: &reply)
  }

  func shutDown(into reply: inout [UInt8]) {
    cancel()
    handler.refuse(.shuttingDown, self, into: &reply)
  }

  func cancel() {
    giveUp?()
    giveUp = nil
  }

  /// What a wait brought.
  struct News {
    /// What to answer if the key is still missing; `nil` asks for it once more.
    var keyError: ErrorReply?
    /// What to answer if the back-end's answer is still missing; `nil` asks for it once more.
    var statusError: ErrorReply?
    /// The back-end's answer.
    var given: GivenStatus?
  }

  private func news(of outcome: Outcome, at now: MonotonicTime) -> News {
    switch outcome {
    case .key(let outcome): return News(keyError: error(after: outcome, at: now))
    case .status(.answered(let status), let backEnd, let digest):
      return News(given: GivenStatus(backEnd: backEnd, digest: digest, status: KnownStatus(status)))
    case .status(.failed(let failure), _, _): return News(statusError: .introspectionUnavailable(failure))
    case .status(.timedOut, _, _):
      guard let deadline, deadline <= now else {
        return News(
          statusError: .unavailable(
            .introspectionUnavailable, "The issuer's back-end did not answer within key_wait; the token may be good.",
            retryAfter: .milliseconds(500)))
      }
      return News(
        statusError: .unavailable(
          .deadlineExceeded,
          "The issuer's back-end did not answer within the request's deadline_ms; the token may be good.",
          retryAfter: .milliseconds(500)))
    // A reload replaced the back-end, or the answer was to credentials that are no longer in use.
    case .status(.superseded, _, _), .status(.shuttingDown, _, _): return News()
    }
  }

  /// What to answer if the key is still missing; `nil` asks for it once more.
  private func error(after outcome: KeyWaitOutcome, at now: MonotonicTime) -> ErrorReply? {
    switch outcome {
    // Also after "shutting down": the keys may be of an issuer that a reload replaced.
    case .arrived, .shuttingDown: return nil
    case .failed(let retryAfter): return .keysUnavailable(retryAfter: retryAfter)
    case .timedOut(let retryAfter):
      guard let deadline, deadline <= now else { return .keysUnavailable(retryAfter: retryAfter) }
      return .unavailable(
        .deadlineExceeded, "The key did not come within the request's deadline_ms; the token may be good.",
        retryAfter: retryAfter)
    }
  }
}
