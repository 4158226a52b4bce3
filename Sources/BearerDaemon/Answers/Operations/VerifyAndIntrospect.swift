import BearerClaims
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerServer
import BearerTime

/// `verify` and `introspect` (`protocol.md` 3.1 and 3.2): the same verdict in two shapes.
extension RequestHandler {
  func answerAboutToken(_ request: Request, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    let question: TokenQuestion
    do throws(ErrorReply) {
      question = try TokenQuestion(request, in: active, counters: counters)
    } catch {
      return refuse(error, into: &reply)
    }
    let range: Range<Int>
    switch Self.token(in: reader.credential, request.credential) {
    case .success(let found): range = found
    case .failure(let rejection):
      let nothing: [UInt8] = []
      let trace = request.explain ? Trace(withoutToken: rejection.detail.text.description) : nil
      question.refuse(
        ErrorReply(rejection, question.policy), token: nothing.span, trace: trace, id: reader.id, into: &reply)
      return .answered(order)
    }
    let credential = reader.credential
    let token = credential.span.extracting(range)
    var pending: PendingToken?
    let waits = decide(
      question, token, user: peer.uid, id: reader.id, &pending, into: &reply
    ) { cameAt in
      PendingToken(
        question, self, user: peer.uid, token: Array(credential[range]), id: reader.id,
        otherBytes: reader.lineBytes - credential.count, cameAt: cameAt)
    }
    if waits, let pending { return .deferred(order, pending) }
    return .answered(order)
  }

  /// Judges a token, and asks for what is missing.
  ///
  /// - Parameters:
  ///   - question: What is asked.
  ///   - token: The token.
  ///   - user: Who asks.
  ///   - id: The request's id.
  ///   - news: What a wait brought, if there was one.
  ///   - pending: The token in its wait; made when it is needed.
  ///   - reply: Where the reply goes.
  ///   - makePending: Makes `pending` of a token that came at this time.
  /// - Returns: Whether `pending` waits; if not, the reply was appended.
  private func decide(
    _ question: TokenQuestion, _ token: Span<UInt8>, user: UInt32, id: [UInt8], news: PendingToken.News = .init(),
    _ pending: inout PendingToken?, into reply: inout [UInt8],
    makePending: (MonotonicTime) -> PendingToken
  ) -> Bool {
    var given = news.given
    while true {
      switch question.attempt(
        token, at: now, verifier: &verifier, given: given, user: user, id: id, into: &reply)
      {
      case .answered(let basis):
        self.basis = basis
        return false
      case .keyMissing(let need, let generation):
        let waiting = pending ?? makePending(now.monotonic)
        pending = waiting
        let step =
          news.keyError.map { .refuse($0) } ?? waiting.ask(question, need, notIn: generation)
        switch step {
        case .lookAgain: continue
        case .wait: return true
        case .refuse(let error):
          question.refuse(error, token: token, of: need.issuer, trace: verifier.trace, id: id, into: &reply)
          return false
        }
      case .statusMissing(let missing):
        let waiting = pending ?? makePending(now.monotonic)
        pending = waiting
        switch news.statusError.map({ .refuse($0) }) ?? waiting.ask(question, missing) {
        case .given(let status): given = status
        case .wait: return true
        case .refuse(let error):
          if let status = question.canDecide(without: missing) {
            given = status
            continue
          }
          question.refuse(
            error, token: token, of: missing.issuer, trace: missing.isRecheck ? verifier.trace : nil, id: id,
            into: &reply)
          return false
        }
      }
    }
  }

  /// Judges a token that has waited, by the policies and issuers in force now: a reload may have changed them.
  ///
  /// - Parameters:
  ///   - pending: The token.
  ///   - news: What its wait brought.
  ///   - reply: Where the reply goes.
  /// - Returns: Whether it was answered; false if it waits on.
  func judge(_ pending: PendingToken, _ news: PendingToken.News, into reply: inout [UInt8]) -> Bool {
    let start = reply.count
    let isAnswered = decide(pending, news, into: &reply)
    reply.escapeLineSeparators(from: start)
    return isAnswered
  }

  private func decide(_ pending: PendingToken, _ news: PendingToken.News, into reply: inout [UInt8]) -> Bool {
    now = clock.moment
    adoptReload()
    let question: TokenQuestion
    do throws(ErrorReply) {
      question = try pending.question.asked(in: active)
    } catch {
      counters.count(error.code)
      reply.beginReply(id: pending.id)
      error.append(to: &reply)
      reply.endReply()
      return true
    }
    let token = pending.token
    var waiting: PendingToken? = pending
    return !decide(
      question, token.span, user: pending.user, id: pending.id, news: news, &waiting, into: &reply
    ) { _ in pending }
  }

  /// Answers a token that has waited with an error.
  func refuse(_ error: ErrorReply, _ pending: PendingToken, into reply: inout [UInt8]) {
    let start = reply.count
    let token = pending.token
    // The verdict is the error; only a trace may still have to be made.
    if pending.question.request.explain {
      _ = pending.question.verdict(on: token.span, at: clock.moment, verifier: &verifier)
    }
    pending.question.refuse(
      error, token: token.span, trace: pending.question.request.explain ? verifier.trace : nil, id: pending.id,
      into: &reply)
    reply.escapeLineSeparators(from: start)
  }

  private static func token(
    in credential: [UInt8], _ member: Request.Credential
  ) -> Result<Range<Int>, Rejection> {
    switch member {
    case .token: return .success(0..<credential.count)
    case .both:
      return .failure(Rejection(.multipleCredentials, "The request has a token and an authorization header."))
    case .authorization:
      switch AuthorizationHeader.read(credential) {
      case .bearer(let range): return .success(range)
      case .noToken: return .failure(Rejection(.missingToken, "There is no bearer token."))
      case .several: return .failure(Rejection(.multipleCredentials, "There is more than one set of credentials."))
      }
    }
  }
}
