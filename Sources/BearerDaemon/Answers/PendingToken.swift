import BearerJOSE
import BearerKeys
import BearerProtocol
import BearerServer
import Synchronization

/// A token whose key has been asked for: answered when the key arrives, or when the wait is over.
///
/// It is answered on whatever thread brings the news, by a verifier of its own: it is one of at most
/// `waiting_per_issuer`, and must not go back to its event loop to be in others' way there.
final class PendingToken: DeferredReply {
  private enum State {
    /// The outcome came before the connection asked for the reply.
    case early([UInt8])
    case waiting(KeyWait?, deliver: (@Sendable ([UInt8]) -> Void)?)
    case done
  }

  /// As it was when it came; policies and issuers may be others when it is answered.
  private let question: TokenQuestion
  private let current: CurrentWorld
  private let token: [UInt8]
  private let id: [UInt8]
  /// When the request came, by the clock of its issuer's keys.
  ///
  /// All its waits together are at most `key_wait` and at most `deadline_ms`, however many fetches they are for.
  private let cameAt: MonotonicTime
  /// Until when the request itself is willing to wait, if it says so.
  private let deadline: MonotonicTime?
  private let state = Mutex(State.waiting(nil, deliver: nil))

  init(_ question: TokenQuestion, _ current: CurrentWorld, token: [UInt8], id: [UInt8], cameAt: MonotonicTime) {
    self.question = question
    self.current = current
    self.token = token
    self.id = id
    self.cameAt = cameAt
    deadline = question.request.deadlineMilliseconds.map { cameAt + .milliseconds($0) }
  }

  /// Asks for the key.
  ///
  /// - Parameters:
  ///   - question: What is asked, under the policies and issuers in force now.
  ///   - need: The key that is missing.
  ///   - generation: The generation of the usable set that was looked into; `nil` if there was none.
  ///   - mayWait: Whether the connection has a place for a wait; who waits already has one.
  /// - Returns: What to do now.
  func ask(
    _ question: TokenQuestion, _ need: KeyNeed, notIn generation: UInt64?, mayWait: Bool = true
  ) -> Decision {
    let keys = question.world.keys[need.issuer]
    let keyWait = question.world.configuration.issuers[need.issuer].keyWait
    let latest = min(cameAt + keyWait, deadline ?? .distantFuture)
    let now = keys.now
    let decision = keys.requestKey(
      kid: need.kid, notIn: generation, now: now,
      waitAtMost: mayWait ? max(.zero, latest.duration(since: now)) : .zero
    ) { [self] outcome in settle(outcome, at: keys.now) }
    switch decision {
    case .lookAgain: return .lookAgain
    case .unknownKey: return .refuse(.noSuchKey(need, question.demands))
    case .unavailable(let retryAfter): return .refuse(.keysUnavailable(retryAfter: retryAfter))
    case .shuttingDown: return .refuse(.shuttingDown)
    case .waiting(let wait):
      let isWanted = state.withLock { state in
        guard case .waiting(_, let deliver) = state else { return false }
        state = .waiting(wait, deliver: deliver)
        return true
      }
      // The client may have gone while this was asked; its place is somebody else's.
      if !isWanted { wait.cancel() }
      return .wait
    }
  }

  enum Decision {
    case lookAgain
    case refuse(ErrorReply)
    case wait
  }

  // MARK: DeferredReply

  func start(_ deliver: @escaping @Sendable ([UInt8]) -> Void) {
    let early: [UInt8]? = state.withLock { state in
      switch state {
      case .early(let reply):
        state = .done
        return reply
      case .waiting(let wait, _):
        state = .waiting(wait, deliver: deliver)
        return nil
      case .done: return nil
      }
    }
    if let early { deliver(early) }
  }

  func cancel() {
    let wait: KeyWait? = state.withLock { state in
      defer { state = .done }
      if case .waiting(let wait, _) = state { return wait }
      return nil
    }
    wait?.cancel()
  }

  func shutDown() { finish(with: .shuttingDown, to: question) }

  // MARK: Outcomes

  private func settle(_ outcome: KeyWaitOutcome, at now: MonotonicTime) {
    switch outcome {
    // After "shutting down" too: it may be said of an issuer that a reload replaced.
    case .arrived, .shuttingDown: tryAgain(otherwise: nil)
    case .failed(let retryAfter): tryAgain(otherwise: .keysUnavailable(retryAfter: retryAfter))
    case .timedOut(let retryAfter):
      if let deadline, deadline <= now {
        tryAgain(
          otherwise: .unavailable(
            .deadlineExceeded, "The key did not come within the request's deadline_ms; the token may be good.",
            retryAfter: retryAfter))
      } else {
        tryAgain(otherwise: .keysUnavailable(retryAfter: retryAfter))
      }
    }
  }

  /// Answers by the policies and issuers in force now: a reload may have changed them during the wait.
  ///
  /// - Parameter error: What to answer if the key is still missing; `nil` asks for it once more.
  private func tryAgain(otherwise error: ErrorReply?) {
    let question: TokenQuestion
    do throws(ErrorReply.Refusal) {
      question = try self.question.asked(in: current.value)
    } catch {
      self.question.ledger.count(error.reply.code)
      var reply: [UInt8] = []
      reply.beginReply(id: id)
      error.reply.append(to: &reply)
      reply.endReply()
      return finish(reply)
    }
    var verifier = Verifier(maximumTokenBytes: question.world.configuration.limits.tokenBytes)
    let token = token
    while true {
      var reply: [UInt8] = []
      switch question.attempt(token.span, verifier: &verifier, id: id, into: &reply) {
      case .answered: return finish(reply)
      case .keyMissing(let need, let generation):
        if let error { return finish(with: error, to: question, of: need.issuer) }
        switch ask(question, need, notIn: generation) {
        case .lookAgain: continue
        case .wait: return
        case .refuse(let error): return finish(with: error, to: question, of: need.issuer)
        }
      }
    }
  }

  private func finish(with error: ErrorReply, to question: TokenQuestion, of issuer: Int? = nil) {
    var verifier = Verifier(maximumTokenBytes: question.world.configuration.limits.tokenBytes)
    var reply: [UInt8] = []
    let token = token
    question.refuse(error, token: token.span, of: issuer, verifier: &verifier, id: id, into: &reply)
    finish(reply)
  }

  private func finish(_ reply: [UInt8]) {
    let (deliver, wait): ((@Sendable ([UInt8]) -> Void)?, KeyWait?) = state.withLock { state in
      switch state {
      case .early, .done: return (nil, nil)
      case .waiting(let wait, let deliver?):
        state = .done
        return (deliver, wait)
      case .waiting(let wait, nil):
        state = .early(reply)
        return (nil, wait)
      }
    }
    wait?.cancel()
    deliver?(reply)
  }
}
