import BearerDaemon
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerServer
import BearerSigning
import BearerTestKit
import Testing

/// Tokens that wait for a key while the configuration changes.
@Suite(.timeLimit(.minutes(1))) struct WaitingTokenTests {
  private let key: TestKey
  private let source = ScriptedKeySource()
  private let keys: IssuerKeys
  private let current: CurrentWorld

  init() throws {
    key = try TestKey(kid: "new")
    keys = IssuerKeys(
      name: "test", settings: RefreshSettings(keyWait: .seconds(60), timeout: .seconds(60)), source: source)
    current = CurrentWorld(Self.world(keys, audience: "api"))
  }

  private static func world(_ keys: IssuerKeys, audience: String) -> World {
    let configuration = Configuration(
      issuers: [IssuerConfiguration(name: "test", url: "https://id.example")],
      policies: [Policy(name: "default", issuers: ["test"], audiences: [audience])])
    return World(configuration, keys: [keys])
  }

  private func answer() throws -> Result<FetchOutcome, FetchFault> {
    let body = Array(TestKey.set(key).utf8)
    let set = try KeySet(parsing: body, algorithms: [.es256])
    return .success(.keys(FetchedKeys(keys: set, body: body, lifetime: nil, validators: FetchValidators())))
  }

  private func line() throws -> [UInt8] {
    let header = TestKey.base64URL(Array(#"{"alg":"ES256","kid":"new","typ":"at+jwt"}"#.utf8))
    let payload = TestKey.base64URL(
      Array(
        #"{"iss":"https://id.example","sub":"s","aud":"api","client_id":"c","iat":1,"jti":"j","exp":253402300799}"#.utf8
      ))
    let signature = TestKey.base64URL(
      try key.signing.sign(Array("\(header).\(payload)".utf8), algorithm: "ES256"))
    return Array(#"{"id":1,"op":"verify","token":"\#(header).\#(payload).\#(signature)"}"#.utf8)
  }

  /// Asks about the token while the keys are being fetched, and returns where the reply will come.
  private func ask() throws -> AsyncStream<[UInt8]> {
    let handler = RequestHandlers(current, Reports(eventLoops: 1)).makeHandler()
    var reply: [UInt8] = []
    let line = try line()
    let outcome = handler.handle(line.span, from: Peer(uid: 0, gid: 0, pid: 0), into: &reply)
    guard case .deferred(_, let deferred) = outcome else {
      Issue.record("answered at once: \(String(decoding: reply, as: UTF8.self))")
      return AsyncStream { $0.finish() }
    }
    let (replies, arrival) = AsyncStream.makeStream(of: [UInt8].self)
    deferred.start { arrival.yield($0) }
    return replies
  }

  private func code(_ replies: AsyncStream<[UInt8]>) async throws -> String? {
    for await reply in replies {
      let value = try JSONValue(parsing: reply)
      return value["ok"]?.boolValue == true ? "ok" : value["error"]?["code"]?.stringValue
    }
    return nil
  }

  private func whileKeysRun(_ body: () async throws -> Void) async throws {
    let keys = keys
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await keys.run() }
      defer { keys.shutDown() }
      try await body()
    }
  }

  @Test("the policy in force when the key comes decides, not the one in force when the token came")
  func policyChanges() async throws {
    try await whileKeysRun {
      let call = try #require(await source.nextCall())
      let replies = try ask()
      current.replace(with: Self.world(keys, audience: "other"))
      call.answer(try answer())
      #expect(try await code(replies) == "wrong_audience")
    }
  }

  @Test("under the same configuration it is accepted")
  func nothingChanges() async throws {
    try await whileKeysRun {
      let call = try #require(await source.nextCall())
      let replies = try ask()
      call.answer(try answer())
      #expect(try await code(replies) == "ok")
    }
  }

  @Test("an issuer that was replaced in the meantime is asked anew; the daemon does not claim to stop")
  func issuerIsReplaced() async throws {
    try await whileKeysRun {
      _ = try #require(await source.nextCall())
      let replies = try ask()
      let other = IssuerKeys(name: "test", settings: RefreshSettings(), source: source)
      guard case .success(.keys(let fetched)) = try answer() else { return }
      other.seed(with: fetched, age: .zero)
      current.replace(with: Self.world(other, audience: "api"))
      keys.shutDown()
      #expect(try await code(replies) == "ok")
    }
  }
}
