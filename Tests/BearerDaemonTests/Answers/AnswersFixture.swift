import BearerClaims
import BearerDevIssuer
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerServer
import BearerTestKit
import BearerTime
import Synchronization

@testable import BearerConfiguration
@testable import BearerDaemon

/// A handler of one event loop with an active configuration whose keys, fetches and clock the test owns.
final class AnswersFixture {
  static let url = "https://idp.example"

  let source = ScriptedKeySource()
  let clock = ManualClock()
  let reporter: StatusReporter
  let keys: IssuerKeys
  let current: ActiveConfigurationStore
  let handler: any LineHandler

  private let changes: AsyncStream<IssuerKeysChange>

  /// An active configuration with one issuer, `idp`, whose keys are not there yet.
  ///
  /// - Parameters:
  ///   - settings: When keys are fetched and how long they may be used.
  ///   - policies: The policies; one named `default` unless told otherwise.
  ///   - peers: Who may ask what.
  ///   - limits: What clients may cost.
  ///   - room: Where requests wait.
  ///   - profile: How the issuer writes claims.
  ///   - hasAdminSocket: Whether there is a socket for administrators.
  init(
    _ settings: RefreshSettings = RefreshSettings(), policies: [Policy] = [AnswersFixture.policy()],
    peers: [PeerConfiguration] = [], limits: Limits = Limits(), room: WaitingRoom = WaitingRoom(),
    profile: IssuerProfile = IssuerProfile(), hasAdminSocket: Bool = false
  ) {
    let (changes, listener) = AsyncStream<IssuerKeysChange>.makeStream()
    self.changes = changes
    let publications = KeyPublications()
    reporter = StatusReporter(
      eventLoops: 1, limits: limits, publications: publications, hasAdminSocket: hasAdminSocket, startedAt: .zero)
    keys = IssuerKeys(
      settings: settings, source: source, clock: clock, room: room, publications: publications,
      jitter: JitterGenerator(seed: 1)
    ) { listener.yield($0) }
    var issuer = IssuerConfiguration(name: "idp", url: Self.url)
    issuer.profile = profile
    let configuration = Configuration(issuers: [issuer], policies: policies, peers: peers, limits: limits)
    current = ActiveConfigurationStore(ActiveConfiguration(configuration, keys: [keys]))
    handler = RequestHandlers(current, reporter, clock: clock).makeHandler()
  }

  /// A policy for tokens of the issuer, changed as the test likes.
  static func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
    var policy = Policy(name: "default", issuers: ["idp"], audiences: ["api"])
    change(&policy)
    return policy
  }

  /// Puts other policies in force, as a reload does.
  func reload(_ policies: [Policy], peers: [PeerConfiguration] = [], limits: Limits = Limits()) {
    let configuration = Configuration(
      issuers: [IssuerConfiguration(name: "idp", url: Self.url)], policies: policies, peers: peers, limits: limits)
    current.replace(with: ActiveConfiguration(configuration, keys: [keys]))
  }

  // MARK: Keys

  /// The set that publishes these keys.
  static func fetched(_ kids: String...) throws -> FetchedKeys {
    let keys: JSONValue = ["keys": .array(try kids.map { .object(try CachedKeys.key(named: $0).jwk) })]
    let body = keys.serialized()
    return FetchedKeys(
      keys: try KeySet(parsing: body, algorithms: [.es256]), body: body, lifetime: nil)
  }

  /// Puts a set in use that was kept `age` ago.
  func restore(_ kids: String, age: Duration = .zero) throws {
    keys.restore(with: try Self.fetched(kids), age: age)
  }

  /// Runs `body` beside the task that keeps the keys, after its first fetch has brought `k1`.
  func run(_ body: () async throws -> Void) async throws {
    let keys = keys
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await keys.run() }
      defer { keys.shutDown() }
      await source.nextCall()?.answer(.success(.keys(try Self.fetched("k1"))))
      for await change in changes { if case .replaced = change { break } }
      try await body()
    }
  }

  // MARK: Tokens

  static func token(
    _ kind: TokenTemplate.TokenKind = .access, kid: String = "k1", _ change: (inout TokenTemplate) -> Void = { _ in }
  ) throws -> String {
    try DevIssuer(url: url, keyStore: KeyRing()).mint(
      kind, key: try CachedKeys.key(named: kid), now: ManualClock.date
    ) { template in
      template.audiences = ["api"]
      change(&template)
    }
  }

  // MARK: Lines

  /// What became of a line.
  func outcome(
    _ line: String, from peer: Peer = Peer(uid: 0, gid: 0, pid: 1)
  ) -> (reply: String, outcome: LineOutcome) {
    var reply: [UInt8] = []
    let bytes = Array(line.utf8)
    let outcome = handler.handle(bytes.span, from: peer, into: &reply)
    return (String(decoding: reply, as: UTF8.self), outcome)
  }

  /// The reply line to a request that is answered at once, with its LF.
  func text(_ line: String) -> String {
    let (reply, outcome) = outcome(line)
    if case .deferred = outcome { return "deferred" }
    return reply
  }

  /// The members of the reply to a request that is answered at once.
  func reply(_ line: String) throws -> JSONValue {
    let text = text(line)
    return try JSONValue(parsing: Array(text.utf8))
  }

  /// The reply to `status`, which comes from another thread.
  func status(_ rest: String = "", from peer: Peer = Peer(uid: 0, gid: 0, pid: 1)) async throws -> JSONValue {
    let (reply, outcome) = outcome(#"{"op":"status"\#(rest)}"#, from: peer)
    guard case .deferred(_, let pending) = outcome else { return try JSONValue(parsing: Array(reply.utf8)) }
    return try await Deferred(pending).reply()
  }

  /// Asks about a token; `rest` is further members.
  func verify(_ token: String, op: String = "verify", _ rest: String = "") throws -> JSONValue {
    try reply(#"{"op":"\#(op)","token":"\#(token)"\#(rest)}"#)
  }

  /// A request that must be deferred.
  func deferred(_ token: String, _ rest: String = "") -> Deferred? {
    let (reply, outcome) = outcome(#"{"id":1,"op":"verify","token":"\#(token)"\#(rest)}"#)
    guard case .deferred(_, let pending) = outcome, reply.isEmpty else { return nil }
    return Deferred(pending)
  }
}

extension Limits {
  /// The defaults, but so many bytes for what is remembered of tokens, even where the tests' control group has few (`nil`
  /// is what it has).
  static func tokenCache(_ bytes: Int?) -> Limits {
    var limits = Limits()
    limits.tokenCacheBytes = bytes
    return limits
  }
}

/// A reply that is to come, with the test in the place of its connection's event loop.
final class Deferred {
  let pending: any DeferredReply
  private let wakeUps: AsyncStream<Void>

  init(_ pending: any DeferredReply) {
    self.pending = pending
    let (wakeUps, wakeUp) = AsyncStream<Void>.makeStream()
    self.wakeUps = wakeUps
    pending.start { wakeUp.yield() }
  }

  /// The reply, once it has come.
  func reply() async throws -> JSONValue {
    let line = await line()
    return line.isEmpty ? .null : try JSONValue(parsing: line)
  }

  /// The reply's bytes, once it has come.
  func line() async -> [UInt8] {
    var reply: [UInt8] = []
    for await _ in wakeUps where pending.resume(into: &reply) { return reply }
    return []
  }

  /// Looks once, after the next wake-up; whether the reply is still to come.
  func waitsOn() async -> Bool {
    var reply: [UInt8] = []
    for await _ in wakeUps { return !pending.resume(into: &reply) }
    return false
  }

  /// The reply when the time for stopping is over.
  func shutDown() throws -> JSONValue {
    var reply: [UInt8] = []
    pending.shutDown(into: &reply)
    return try JSONValue(parsing: reply)
  }
}

extension JSONValue {
  /// The reply's error code, or `ok`.
  var verdict: String {
    self["ok"] == .bool(true) ? "ok" : self["error"]?["code"]?.stringValue ?? "?"
  }
}
