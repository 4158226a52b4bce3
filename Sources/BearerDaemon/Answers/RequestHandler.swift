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
  let reporter: StatusReporter
  let counters: ReplyCounters
  let refreshConcurrency: RefreshConcurrency
  let statusQueue: StatusQueue
  let reloader: Reloader?
  /// The configuration that the request at hand is answered by.
  private(set) var active: ActiveConfiguration
  private var activeVersion: UInt64
  /// Holds the request at hand: its id, its credential.
  private(set) var reader = RequestReader()
  // Overlapping uses of these are not looked for at each request: each use begins and ends in a method of this class,
  // on its one loop.
  @exclusivity(unchecked) var verifier: Verifier
  @exclusivity(unchecked) private(set) var lines: LineCache
  /// What the reply to the request at hand rests on, if it may be remembered.
  var basis: AcceptanceBasis?
  var ready = ReadyMemo()
  private var canary = Canary()

  /// When the request at hand came; everything in its answer is of this moment.
  var now: Moment

  init(
    _ current: ActiveConfigurationStore, _ reporter: StatusReporter, counters: ReplyCounters,
    refreshConcurrency: RefreshConcurrency,
    statusQueue: StatusQueue, reloader: Reloader?, clock: any MomentClock
  ) {
    self.current = current
    self.clock = clock
    now = clock.moment
    self.reporter = reporter
    self.counters = counters
    self.refreshConcurrency = refreshConcurrency
    self.statusQueue = statusQueue
    self.reloader = reloader
    activeVersion = current.version
    active = current.value
    (verifier, lines) = Self.memory(for: active, reporter)
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
    now = clock.moment
    adoptReload()
    let shape = LineShape(line)
    let (name, found) = lines.find(line.extracting(shape.rest), shape.idPosition)
    if let known = found, known.configuration == activeVersion,
      let momentary = known.basis.momentary(in: active, at: now)
    {
      return answer(known, momentary, id: line.extracting(shape.id), from: peer, into: &reply)
    }
    let start = reply.count
    basis = nil
    let request: Request
    do throws(RequestFault) {
      request = try reader.read(line)
    } catch {
      defer { reply.escapeLineSeparators(from: start) }
      return refuse(error, from: peer, into: &reply)
    }
    let outcome = answer(request, from: peer, into: &reply)
    reply.escapeLineSeparators(from: start)
    if let name, let basis { remember(name, shape, request, basis, reply.span.extracting(start...)) }
    return outcome
  }

  private func answer(_ request: Request, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
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

  /// Answers a line that is no request.
  private func refuse(_ fault: RequestFault, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    if reader.isUnidentified {
      reply.beginUnidentifiedReply()
    } else {
      reply.beginReply(id: reader.id)
    }
    // A caller who may not ask does not learn what a request looks like. Everybody is told that a line is no JSON
    // object.
    let refusal = peer.isAdministrator ? nil : active.peers?.refusalOfFault(from: peer, now: now.monotonic)
    let shown = (fault.code == .invalidJSON ? nil : refusal) ?? ErrorReply(fault)
    counters.count(shown.code)
    shown.append(to: &reply)
    reply.endReply()
    if fault.code == .invalidJSON { return .notAnObject }
    return .answered(reader.isUnidentified ? .afterAll : order)
  }

  // MARK: Known lines

  private func answer(
    _ known: CachedLine, _ momentary: AcceptanceBasis.Momentary, id: Span<UInt8>, from peer: Peer,
    into reply: inout [UInt8]
  ) -> LineOutcome {
    let order: ReplyOrder = id.isEmpty ? .inOrder : .free
    if let refusal = refusal(of: known.request, from: peer) {
      counters.count(refusal.code)
      reply.beginReply(id: id)
      refusal.append(to: &reply)
      reply.endReply()
      return .answered(order)
    }
    counters.countAccepted()
    known.append(id: id, momentary, to: &reply)
    return .answered(order)
  }

  private func remember(
    _ name: TokenName, _ shape: LineShape, _ request: Request, _ basis: AcceptanceBasis, _ reply: Span<UInt8>
  ) {
    // An `id` that is part of the rest makes another line each time.
    if shape.idPosition == .unknown, !reader.id.isEmpty { return }
    var head: [UInt8] = []
    head.beginReply(id: reader.id)
    // A back-end's answer may have ended since.
    guard let momentary = basis.momentary(in: active, at: now),
      let line = CachedLine(
        shape.idPosition, request, requestBytes: reader.lineBytes - reader.credential.count, in: activeVersion,
        basis: basis, momentary: momentary, reply: reply.extracting(head.count...))
    else { return }
    lines.insert(line, as: name)
  }

  /// Why a request is refused; `nil` if it is not.
  ///
  /// A peer that came through `admin_socket` may ask everything.
  private func refusal(of request: Request, from peer: Peer) -> ErrorReply? {
    if peer.isAdministrator { return nil }
    let refusal = active.peers?.refusal(of: request, from: peer, now: now.monotonic)
    if request.operation.row.callers == .administrators {
      var error = ErrorReply(.notPermitted, "This op is answered on admin_socket only.")
      error.member = "op"
      return error
    }
    return refusal
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
    counters.count(error.code)
    error.append(to: &reply)
    reply.endReply()
  }

  /// Whether this loop tells a good token from a bad one, under a key and a policy that no request can reach.
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
    counters.count(error.code)
    reply.beginReply(id: reader.id)
    error.append(to: &reply)
    reply.endReply()
    return .answered(order)
  }

  var order: ReplyOrder { reader.id.isEmpty ? .inOrder : .free }

  /// Adopts the configuration in force.
  ///
  /// Each request does so; a reload has idle loops do it too, so that none keeps the old one in memory.
  package func adoptReload() {
    let version = current.version
    if version == activeVersion { return }
    let limits = active.configuration.limits
    active = current.value
    activeVersion = version
    if !active.configuration.limits.haveSameMemory(as: limits) {
      (verifier, lines) = Self.memory(for: active, reporter)
    }
  }

  /// The caches of tokens and lines; lines get a quarter of the memory.
  private static func memory(for active: ActiveConfiguration, _ reporter: StatusReporter) -> (Verifier, LineCache) {
    let limits = active.configuration.limits
    let bytes = limits.tokenCacheSize / max(1, reporter.eventLoops)
    return (
      Verifier(maximumTokenBytes: limits.tokenBytes, tokenCacheBytes: bytes - bytes / 4), LineCache(bytes: bytes / 4)
    )
  }
}

extension Limits {
  private static let memoryBytes = ControlGroup.memoryBytes

  /// How much memory facts about tokens get, in bytes.
  var tokenCacheSize: Int { tokenCacheBytes ?? Self.defaultTokenCacheBytes(within: Self.memoryBytes) }

  /// Whether a token cache for these limits fits the others as well, and is kept.
  func haveSameMemory(as other: Limits) -> Bool {
    tokenBytes == other.tokenBytes && tokenCacheBytes == other.tokenCacheBytes
  }
}
