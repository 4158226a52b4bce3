import BearerClaims
import BearerConfiguration
import BearerFraming
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
package import BearerServer
import BearerTime

/// Answers request lines; the only place where requests, policies, keys and the verifier meet.
///
/// One serves each event loop and is used on that loop only. What needs no network is answered before `handle`
/// returns, from bytes to bytes.
package final class RequestHandler: LineHandler {
  private let current: ActiveConfigurationStore
  private let clock: any MomentClock
  private let reports: Reports
  private let ledger: AnswerLedger
  private let refreshPlaces: RefreshPlaces
  private var active: ActiveConfiguration
  private var activeVersion: UInt64
  private var reader = RequestReader()
  private var verifier: Verifier
  private var canary = Canary()

  /// When the request at hand came; everything in its answer is of this moment.
  private(set) var now: Moment

  init(
    _ current: ActiveConfigurationStore, _ reports: Reports, ledger: AnswerLedger, refreshPlaces: RefreshPlaces,
    clock: any MomentClock
  ) {
    self.current = current
    self.clock = clock
    now = clock.moment
    self.reports = reports
    self.ledger = ledger
    self.refreshPlaces = refreshPlaces
    activeVersion = current.version
    active = current.value
    verifier = Self.verifier(for: active, reports)
  }

  /// Handles one line.
  ///
  /// - Parameters:
  ///   - line: The line's bytes.
  ///   - peer: Who sent it.
  ///   - reply: Where the reply goes.
  /// - Returns: Whether the reply was appended, and its place among the others.
  package func handle(
    _ line: Span<UInt8>, from peer: Peer, into reply: inout [UInt8]
  ) -> LineOutcome {
    let start = reply.count
    let outcome = answer(line, from: peer, into: &reply)
    reply.escapeLineSeparators(from: start)
    return outcome
  }

  private func answer(
    _ line: Span<UInt8>, from peer: Peer, into reply: inout [UInt8]
  ) -> LineOutcome {
    now = clock.moment
    adoptReload()
    let request: Request
    do throws(RequestFault) {
      request = try reader.read(line)
    } catch {
      if reader.isUnidentified {
        reply.beginUnidentifiedReply()
      } else {
        reply.beginReply(id: reader.id)
      }
      // Who may not ask is not told what would be a request; what is no JSON object at all is told to everybody.
      let refusal = active.peers?.refusalOfFault(from: peer, now: now.monotonic)
      let shown = (error.code == .invalidJSON ? nil : refusal) ?? ErrorReply(error)
      ledger.count(shown.code)
      shown.append(to: &reply)
      reply.endReply()
      if error.code == .invalidJSON { return .notAnObject }
      return .answered(reader.isUnidentified ? .afterAll : order)
    }
    if let refusal = active.peers?.refusal(of: request, from: peer, now: now.monotonic) {
      return refuse(refusal, into: &reply)
    }
    switch request {
    case .verify(let request):
      return answer(request, isIntrospection: false, from: peer, into: &reply)
    case .introspect(let request):
      return answer(request, isIntrospection: true, from: peer, into: &reply)
    case .refreshJWKS(let issuer): return refresh(issuer, from: peer, into: &reply)
    case .status:
      answer(with: reports.status(active, at: now.monotonic), into: &reply)
    case .ping:
      answer(with: ["ready": .bool(reports.isReady(active, at: now.monotonic))], into: &reply)
    case .hello:
      answer(with: reports.hello(active), into: &reply)
    }
    return .answered(order)
  }

  /// Appends the reply for something that the framing refused.
  package func refuse(_ fault: FramingFault, into reply: inout [UInt8]) {
    let limits = active.configuration.limits
    reply.beginUnidentifiedReply()
    let error =
      switch fault {
      case .lineTooLong:
        ErrorReply(.requestTooLarge, "The line is longer than limits.line_bytes (\(limits.lineBytes)).")
      case .lineFarTooLong:
        ErrorReply(.requestTooLarge, "The line is longer than 1 MiB; the connection is closed.")
      case .notThisProtocol:
        ErrorReply(
          .invalidJSON, "This is HTTP or TLS; the daemon speaks one JSON object per line. The connection is closed.")
      case .partialLineTimeout:
        ErrorReply(
          .invalidJSON, "A line was not ended by LF within limits.partial_line_timeout; the connection is closed.")
      case .tooManyConnections:
        ErrorReply.unavailable(
          .tooManyConnections,
          "There are too many connections, in all (limits.connections) or of this user (limits.connections_per_uid).",
          retryAfter: .seconds(1))
      }
    ledger.count(error.code)
    error.append(to: &reply)
    reply.endReply()
  }

  /// Whether a good and a bad token under a key and a policy that no socket can reach are told apart on this loop.
  package func canaryPasses() -> Bool { canary.passes(at: NumericDate(clock.moment)) }

  // MARK: Tokens

  private func answer(
    _ request: TokenRequest, isIntrospection: Bool, from peer: Peer, into reply: inout [UInt8]
  ) -> LineOutcome {
    let question: TokenQuestion
    do throws(ErrorReply.Refusal) {
      question = try TokenQuestion(request, isIntrospection: isIntrospection, in: active, ledger: ledger)
    } catch {
      return refuse(error.reply, into: &reply)
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
  ///   - makePending: Makes it of a token that came at this time.
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
      case .answered: return false
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
    do throws(ErrorReply.Refusal) {
      question = try pending.question.asked(in: active)
    } catch {
      ledger.count(error.reply.code)
      reply.beginReply(id: pending.id)
      error.reply.append(to: &reply)
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
    // Only a trace may still be wanted; the verdict is the error.
    if pending.question.request.explain {
      _ = pending.question.verdict(on: token.span, at: clock.moment, verifier: &verifier)
    }
    pending.question.refuse(
      error, token: token.span, trace: pending.question.request.explain ? verifier.trace : nil, id: pending.id,
      into: &reply)
    reply.escapeLineSeparators(from: start)
  }

  private static func token(
    in credential: [UInt8], _ member: TokenRequest.Credential
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

  // MARK: Everything else

  private func refresh(_ issuer: String?, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    let issuers = issuer.map { active.issuers(named: $0) } ?? Array(active.issuers.indices)
    if issuers.isEmpty {
      var error = ErrorReply(.unknownIssuerName, "No issuer has this short name or url.")
      error.member = "issuer"
      return refuse(error, into: &reply)
    }
    guard refreshPlaces.take(by: peer.uid) else {
      return refuse(
        .unavailable(.refreshLimited, "Too many refreshes are under way.", retryAfter: .seconds(1)), into: &reply)
    }
    let refresh = PendingRefresh(
      current, issuers: issuers.map { active.issuers[$0] }, id: reader.id, ledger: ledger, places: refreshPlaces,
      user: peer.uid)
    return .deferred(order, refresh)
  }

  private func answer(with members: JSONObject, into reply: inout [UInt8]) {
    reply.beginReply(id: reader.id)
    reply.append(json: #""ok":true"#)
    for member in members.members {
      reply.append(json: ",")
      reply.append(jsonString: member.name)
      reply.append(json: ":")
      member.value.append(to: &reply)
    }
    reply.endReply()
  }

  private func refuse(_ error: ErrorReply, into reply: inout [UInt8]) -> LineOutcome {
    ledger.count(error.code)
    reply.beginReply(id: reader.id)
    error.append(to: &reply)
    reply.endReply()
    return .answered(order)
  }

  private var order: ReplyOrder { reader.id.isEmpty ? .inOrder : .free }

  /// Answers from now on by what is in force; each request does it, and a reload has idle loops do it, too, so that none
  /// keeps what was replaced.
  package func adoptReload() {
    let version = current.version
    if version == activeVersion { return }
    let limits = active.configuration.limits
    active = current.value
    activeVersion = version
    if !active.configuration.limits.haveSameVerifier(as: limits) { verifier = Self.verifier(for: active, reports) }
  }

  private static func verifier(for active: ActiveConfiguration, _ reports: Reports) -> Verifier {
    let limits = active.configuration.limits
    return Verifier(
      maximumTokenBytes: limits.tokenBytes, tokenCacheBytes: limits.tokenCacheBytes / max(1, reports.eventLoops))
  }
}

extension Limits {
  /// Whether a verifier made for these limits does for the others: then it keeps its token cache.
  func haveSameVerifier(as other: Limits) -> Bool {
    tokenBytes == other.tokenBytes && tokenCacheBytes == other.tokenCacheBytes
  }
}
