import BearerClaims
import BearerDevIssuer
import BearerIntrospection
import BearerJSON
import BearerKeys
import BearerServer
import BearerTestKit
import BearerTime
import Synchronization

@testable import BearerConfiguration
@testable import BearerDaemon

/// A back-end that says what the test has it say, and counts.
final class ScriptedBackEnd: TokenStatusSource {
  private let script = Mutex<(@Sendable (StatusCall) -> Result<TokenStatus, BackEndFault>)?>(nil)
  private let asked = Mutex<[String]>([])
  private let hangs = Mutex(false)

  /// The tokens that it was asked about.
  var calls: [String] { asked.withLock(\.self) }

  /// Says this of every token from now on.
  func say(_ json: String?) {
    script.withLock { script in
      script = { _ in
        guard let json else { return .failure(BackEndFault(.unreachable, found: "a test")) }
        let response = BackEndResponse(
          status: 200, fields: [("Content-Type", "application/json")], body: Array(json.utf8), origin: "a test")
        return Result { () throws(BackEndFault) in try response.tokenStatus(.rfc7662, agreeingWith: nil) }
      }
    }
  }

  /// Has every call from now on wait for its cancellation.
  func hang() { hangs.withLock { $0 = true } }

  func ask(_ call: StatusCall) async -> Result<TokenStatus, BackEndFault> {
    asked.withLock { $0.append(String(decoding: call.token, as: UTF8.self)) }
    if hangs.withLock(\.self) { for await _ in AsyncStream<Void>.makeStream().stream {} }
    return script.withLock(\.self)?(call) ?? .success(.inactive)
  }

  func forgetCredentials() {}
  func close() {}
}

/// A handler with two issuers, `idp` and `other`, whose back-ends the test owns.
final class BackEndFixture {
  let source = ScriptedBackEnd()
  let other = ScriptedBackEnd()
  let clock = ManualClock()
  let reporter = StatusReporter(eventLoops: 1)
  private let keys: [IssuerKeys]
  private let backEnds: [BackEnd]
  private let current: ActiveConfigurationStore
  let handler: any LineHandler

  init(
    kind: BackEndKind = .rfc7662, settings: BackEndSettings = BackEndSettings(), policies: [Policy],
    profile: IssuerProfile = IssuerProfile(), limits: Limits = Limits()
  ) throws {
    var settings = settings
    settings.wait = .seconds(20)
    let clock = clock
    keys = (0..<2).map { _ in IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource(), clock: clock) }
    backEnds = [source, other].map { BackEnd(kind: kind, settings: settings, source: $0, clock: clock) }
    current = ActiveConfigurationStore(
      ActiveConfiguration(
        Self.configuration(policies, profile, limits), keys: keys,
        backEnds: backEnds.map { IssuerBackEnd($0, profile: profile) }))
    handler = RequestHandlers(current, reporter, clock: clock).makeHandler()
    keys[0].restore(with: try AnswersFixture.fetched("k1"), age: .zero)
  }

  private static func configuration(
    _ policies: [Policy], _ profile: IssuerProfile = IssuerProfile(), _ limits: Limits = Limits()
  ) -> Configuration {
    let issuers = [("idp", AnswersFixture.url), ("other", "https://other.example")].map { name, url in
      var issuer = IssuerConfiguration(name: name, url: url)
      issuer.refreshSettings.keyWait = .seconds(20)
      issuer.profile = profile
      return issuer
    }
    return Configuration(issuers: issuers, policies: policies, limits: limits)
  }

  /// A policy for opaque tokens of `idp`, changed as the test likes.
  static func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
    AnswersFixture.policy {
      $0.acceptsOpaque = true
      change(&$0)
    }
  }

  /// A policy that has JWTs of `idp` rechecked.
  static func recheck(_ failure: RecheckFailure, _ change: (inout Policy) -> Void = { _ in }) -> Policy {
    AnswersFixture.policy {
      $0.recheck = .seconds(30)
      $0.recheckFailure = failure
      change(&$0)
    }
  }

  /// Puts other policies in force, as a reload does that changes nothing else, or takes the other issuer's back-end away.
  func reload(_ policies: [Policy], assuming audiences: [String]? = nil, onlyFirst: Bool = false) {
    current.replace(
      with: ActiveConfiguration(
        Self.configuration(policies), keys: keys,
        backEnds: backEnds.enumerated().map { number, backEnd in
          onlyFirst && number > 0 ? nil : IssuerBackEnd(backEnd, assumedAudiences: audiences)
        }))
  }

  func run(_ body: () async throws -> Void) async throws {
    let backEnds = backEnds
    try await withThrowingTaskGroup(of: Void.self) { group in
      for backEnd in backEnds { group.addTask { await backEnd.run() } }
      defer { for backEnd in backEnds { backEnd.shutDown() } }
      try await body()
    }
  }

  /// Asks about a token, and waits for the reply; `rest` is further members.
  func verify(_ token: String, _ rest: String = "", op: String = "verify") async throws -> JSONValue {
    var reply: [UInt8] = []
    if let deferred = begin(token, rest, op: op, into: &reply) { return try await deferred.reply() }
    return try JSONValue(parsing: reply)
  }

  /// The reply to op `status`.
  func status() async throws -> JSONValue {
    var reply: [UInt8] = []
    let line = Array(#"{"op":"status"}"#.utf8)
    guard case .deferred(_, let pending) = handler.handle(line.span, from: Peer(uid: 0, gid: 0, pid: 1), into: &reply)
    else { return try JSONValue(parsing: reply) }
    return try await Deferred(pending).reply()
  }

  /// Asks about a token; the reply is there, or is to come.
  func begin(_ token: String, _ rest: String = "", op: String = "verify", into reply: inout [UInt8]) -> Deferred? {
    let line = Array(#"{"op":"\#(op)","token":"\#(token)"\#(rest)}"#.utf8)
    let outcome = handler.handle(line.span, from: Peer(uid: 0, gid: 0, pid: 1), into: &reply)
    guard case .deferred(_, let pending) = outcome else { return nil }
    return Deferred(pending)
  }
}
