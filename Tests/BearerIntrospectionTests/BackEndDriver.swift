import BearerClaims
import BearerKeys
import BearerTime

@testable import BearerIntrospection

/// A back-end's rules with a clock that the test moves and calls that the test answers.
struct BackEndDriver {
  final class Told: @unchecked Sendable {
    // Safe because a test's events happen one after the other on one thread.
    var outcomes: [Int: String] = [:]
  }

  var state: BackEndState
  var now = MonotonicTime.zero
  /// Calls under way by the token's number, the earliest first.
  private(set) var calls: [(token: Int, order: BackEndState.Order)] = []
  private(set) var changes: [BackEndChange] = []
  private(set) var callCount = 0
  let told = Told()
  private var asked = 0

  init(_ change: (inout BackEndSettings) -> Void = { _ in }) {
    var settings = BackEndSettings()
    change(&settings)
    state = BackEndState(settings: settings, jitter: JitterGenerator(seed: 1))
  }

  static func digest(_ token: Int, _ subject: TokenDigest.Subject = .opaqueToken) -> TokenDigest {
    TokenDigest((UInt64(token), 0, 0, 0), of: subject)
  }

  static func question(_ token: Int, recheck: Duration? = nil) -> StatusQuestion {
    recheck.map { StatusQuestion(digest(token, .signingInput), .recheck(every: $0)) }
      ?? StatusQuestion(digest(token), .opaque)
  }

  static func active(_ json: String = #"{"active":true,"sub":"u"}"#) -> TokenStatus {
    .active(ActiveToken(claims(json)))
  }

  static func claims(_ json: String) -> ClaimSet {
    var claims = ClaimSet()
    claims.bytes = Array(json.utf8)
    try? claims.parse()
    return claims
  }

  /// Asks about a token, and says what came of it: `yes`, `no`, `wait N`, or why not.
  @discardableResult
  mutating func ask(
    _ token: Int, recheck: Duration? = nil, user: UInt32 = 1, waits: Bool = true,
    for time: Duration = .milliseconds(500)
  ) -> String {
    asked += 1
    let number = asked
    let told = told
    let answer = state.ask(
      Self.question(token, recheck: recheck), user: user, at: now, until: waits ? now + time : nil,
      call: { StatusCall(token: Array("\(token)".utf8), identity: nil) },
      enter: { _ in { outcome in told.outcomes[number] = outcome.map(Self.name) ?? "cancelled" } })
    work()
    switch answer {
    case .known(let known): return Self.name(known.word)
    case .unavailable(let failure): return "\(failure.reason)"
    case .wait: return "wait \(number)"
    case .shuttingDown: return "shutting down"
    }
  }

  /// Answers the earliest call.
  mutating func answer(_ result: Result<TokenStatus, BackEndFault>) {
    guard !calls.isEmpty else { return }
    answer(0, result)
  }

  mutating func answer(_ index: Int, _ result: Result<TokenStatus, BackEndFault>) {
    var effects: [BackEndState.Effect] = []
    state.finish(calls.remove(at: index).order, result, at: now, &effects)
    work()
    for effect in effects { effect() }
  }

  mutating func pass(_ time: Duration) {
    now = now + time
    var effects: [BackEndState.Effect] = []
    state.endDueWaits(at: now, &effects)
    work()
    for effect in effects { effect() }
  }

  mutating func shutDown() {
    var effects: [BackEndState.Effect] = []
    state.shutDown(&effects)
    for effect in effects { effect() }
  }

  mutating func work() {
    let work = state.takeWork()
    for order in work.orders {
      callCount += 1
      calls.append((Int(String(decoding: order.call.token, as: UTF8.self)) ?? 0, order))
    }
    changes += work.changes
  }

  /// The failures that the log tells of: each first, second, fourth … of a row.
  var news: [String] {
    changes.compactMap { change in
      guard case .failed(let fault, let number) = change, number.nonzeroBitCount == 1 else { return nil }
      return "\(fault.code.rawValue) \(number)"
    }
  }

  static func name(_ word: KnownStatus.Word) -> String {
    if case .active = word { "yes" } else { "no" }
  }

  static func name(_ outcome: StatusOutcome) -> String {
    switch outcome {
    case .answered(.active): "yes"
    case .answered(.inactive): "no"
    case .failed(let failure): "failed: \(failure.reason)"
    case .timedOut: "timed out"
    case .superseded: "superseded"
    case .shuttingDown: "shutting down"
    }
  }
}

extension BackEndFault {
  static let down = BackEndFault(.unreachable, found: "down")
  static let refused = BackEndFault(.credentialsRefused, found: "401")
  static let broken = BackEndFault(.httpStatus, found: "500")
}
