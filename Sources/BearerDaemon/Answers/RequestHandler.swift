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
  let current: ActiveConfigurationStore
  let clock: any MomentClock
  let reports: Reports
  let ledger: AnswerLedger
  let refreshPlaces: RefreshPlaces
  let statusDesk: StatusDesk
  let reloader: Reloader?
  /// The configuration that the request at hand is answered by.
  private(set) var active: ActiveConfiguration
  private var activeVersion: UInt64
  /// Holds the request at hand: its id, its credential.
  private(set) var reader = RequestReader()
  var verifier: Verifier
  var ready = ReadyMemo()
  private var canary = Canary()

  /// When the request at hand came; everything in its answer is of this moment.
  var now: Moment

  init(
    _ current: ActiveConfigurationStore, _ reports: Reports, ledger: AnswerLedger, refreshPlaces: RefreshPlaces,
    statusDesk: StatusDesk, reloader: Reloader?, clock: any MomentClock
  ) {
    self.current = current
    self.clock = clock
    now = clock.moment
    self.reports = reports
    self.ledger = ledger
    self.refreshPlaces = refreshPlaces
    self.statusDesk = statusDesk
    self.reloader = reloader
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
      let refusal = peer.isAdministrator ? nil : active.peers?.refusalOfFault(from: peer, now: now.monotonic)
      let shown = (error.code == .invalidJSON ? nil : refusal) ?? ErrorReply(error)
      ledger.count(shown.code)
      shown.append(to: &reply)
      reply.endReply()
      if error.code == .invalidJSON { return .notAnObject }
      return .answered(reader.isUnidentified ? .afterAll : order)
    }
    if let refusal = refusal(of: request, from: peer) { return refuse(refusal, into: &reply) }
    switch request.operation {
    case .verify, .introspect: return answerAboutToken(request, from: peer, into: &reply)
    case .refreshJWKS: return refreshJWKS(request, from: peer, into: &reply)
    case .status: return status(request, from: peer, into: &reply)
    case .ping: return ping(into: &reply)
    case .hello: return hello(from: peer, into: &reply)
    case .reload: return reload(into: &reply)
    }
  }

  /// Why a request is not worked on; `nil` if it is.
  ///
  /// Whoever has come through `admin_socket` may ask everything.
  private func refusal(of request: Request, from peer: Peer) -> ErrorReply? {
    if peer.isAdministrator { return nil }
    if request.operation.row.callers == .administrators {
      var error = ErrorReply(.notPermitted, "This op is answered on admin_socket only.")
      error.member = "op"
      return error
    }
    return active.peers?.refusal(of: request, from: peer, now: now.monotonic)
  }

  /// Appends the reply for something that the framing refused; a line counts towards its peer's rate like any other.
  package func refuse(_ fault: FramingFault, from peer: Peer, into reply: inout [UInt8]) {
    now = clock.moment
    adoptReload()
    if fault != .tooManyConnections, !peer.isAdministrator {
      _ = active.peers?.refusalOfFault(from: peer, now: now.monotonic)
    }
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

  // MARK: Replies

  func answer(with members: JSONObject, into reply: inout [UInt8]) -> LineOutcome {
    reply.beginReply(id: reader.id)
    reply.append(json: #""ok":true"#)
    reply.append(members: members)
    reply.endReply()
    return .answered(order)
  }

  func refuse(_ error: ErrorReply, into reply: inout [UInt8]) -> LineOutcome {
    ledger.count(error.code)
    reply.beginReply(id: reader.id)
    error.append(to: &reply)
    reply.endReply()
    return .answered(order)
  }

  var order: ReplyOrder { reader.id.isEmpty ? .inOrder : .free }

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
      maximumTokenBytes: limits.tokenBytes, tokenCacheBytes: limits.tokenCacheSize / max(1, reports.eventLoops))
  }
}

extension Limits {
  private static let memoryBytes = ControlGroup.memoryBytes

  /// How much memory facts about tokens get, in bytes.
  var tokenCacheSize: Int { tokenCacheBytes ?? Self.defaultTokenCacheBytes(within: Self.memoryBytes) }

  /// Whether a verifier made for these limits does for the others: then it keeps its token cache.
  func haveSameVerifier(as other: Limits) -> Bool {
    tokenBytes == other.tokenBytes && tokenCacheBytes == other.tokenCacheBytes
  }
}
