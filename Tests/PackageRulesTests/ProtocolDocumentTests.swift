import BearerClaims
import BearerFetch
import BearerFraming
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerServer
import BearerTOML
import BearerTime
import Foundation
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// `protocol.md` says what the code does.
@Suite struct ProtocolDocumentTests {
  private let document: Document

  init() throws {
    document = try Document("protocol.md")
  }

  // MARK: Codes

  @Test("the table of codes is ReplyCode: every code once, in its order, with category and status")
  func codes() throws {
    let table = try #require(
      MarkdownTable.first(
        ["code", "category", "status", "when", "what to do"], in: document.section("### 5.1 Replies")))
    let written = table.rows.map { [$0[0], $0[1], $0[2]] }
    let real = ReplyCode.allCases.map { ["`\($0.rawValue)`", "`\($0.category.rawValue)`", "\($0.status)"] }
    #expect(written == real)
    for row in table.rows { #expect(!row[3].isEmpty, "\(row[0])") }
  }

  @Test("the table of categories is ReplyCode.Category")
  func categories() throws {
    let table = try #require(
      MarkdownTable.first(["category", "meaning", "what the application does"], in: document.text))
    #expect(table.rows.map { $0[0] } == ReplyCode.Category.allCases.map { "`\($0.rawValue)`" })
  }

  @Test("the faults of a fetch are FetchFault's")
  func fetchFaults() {
    let words = MarkdownTable.words(in: document.section("### 5.2 Faults of a fetch"))
    let codes = FetchFault.Code.allCases.map(\.rawValue)
    #expect(words.filter(codes.contains) == codes)
    let others = ["last_fault", "status", "fault", "refresh-jwks", "message", "bearerd check"]
    #expect(Set(words).subtracting(codes) == Set(others))
  }

  @Test("the problems of a key are those that the reader of key sets knows")
  func keyProblems() {
    let words = Set(MarkdownTable.words(in: document.section("### 5.3 Problems of a key")))
    #expect(words == Set(JWK.Problem.allCases.map(\.rawValue) + ["problem", "status"]))
  }

  @Test("the reasons and the checks of a trace are the verifier's")
  func reasonsAndChecks() throws {
    let errors = try #require(
      MarkdownTable.first(["member", "type", "when", "meaning"], in: document.section("### 4.2 `error`")))
    let reason = try #require(errors.rows.first { $0[0] == "`reason`" })
    let words = Set(MarkdownTable.words(in: reason[3]))
    #expect(words == Set(Rejection.Reason.allCases.map(\.rawValue) + ["auth_time"]))
    let trace = try #require(
      MarkdownTable.first(["member", "type", "meaning"], in: document.section("### 4.5 `trace`")))
    #expect(MarkdownTable.words(in: trace.rows[0][2]) == Check.allCases.map(\.rawValue))
  }

  // MARK: Requests

  @Test("the table of ops is what a request may be")
  func operations() throws {
    let table = try #require(MarkdownTable.first(["op", "members besides `op` and `id`"], in: document.text))
    let written = table.rows.map { MarkdownTable.words(in: $0[0]) + MarkdownTable.words(in: $0[1]) }
    #expect(written == Operation.allCases.map { [$0.name] + $0.memberNames })
  }

  @Test("every member of a request is explained")
  func members() throws {
    let verify = try #require(
      MarkdownTable.first(["member", "type", "meaning"], in: document.section("### 3.1 `verify`")))
    let operations = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0.name, $0.memberNames) })
    #expect(verify.rows.map { MarkdownTable.words(in: $0[0]) } == operations["verify"]?.map { [$0] })
    #expect(operations["introspect"] == operations["verify"])
    let refresh = try #require(
      MarkdownTable.first(["member", "type", "meaning"], in: document.section("### 3.3 `refresh-jwks`")))
    #expect(refresh.rows.map { MarkdownTable.words(in: $0[0]) } == operations["refresh-jwks"]?.map { [$0] })
  }

  @Test("the members that are reserved are refused by name")
  func reserved() throws {
    let section = document.section("### 3.2 `introspect`")
    let sentence = try #require(section.split(separator: "Reserved").last)
    let reserved = MarkdownTable.words(in: sentence)
    #expect(reserved.count == 4)
    for member in reserved {
      var reader = RequestReader()
      let line = Array(#"{"op":"introspect","token":"x","\#(member)":"x"}"#.utf8)
      do {
        _ = try reader.read(line.span)
        Issue.record("\(member) is accepted")
      } catch {
        #expect(error.code == .invalidRequest)
        #expect(error.member == member)
      }
    }
  }

  // MARK: Limits

  @Test("the table of limits has the configuration's names and defaults, and the names in hello")
  func limits() throws {
    let table = try #require(
      MarkdownTable.first(["name", "default", "in `hello`", "what happens beyond it"], in: document.text))
    let defaults = Limits.defaults.map { ["`\($0.name)`", $0.text.replacing("\"", with: "")] }
    #expect(table.rows.map { [$0[0], $0[1]] } == defaults)
    let sentence = document.section("### 7.1 Configured").split(separator: "|")[0]
    let atOnce = MarkdownTable.words(in: sentence.split(separator: "Only ").last ?? "")
    #expect(atOnce == Limits.keys.filter { !$0.needsRestart }.map(\.name))
    let active = ActiveConfiguration(Configuration(issuers: [], policies: []), keys: [])
    let hello = StatusReporter(eventLoops: 1).hello(active, isForAdministrators: false)
    let told = hello["limits"]?.objectValue?.members.map(\.name)
    #expect(table.rows.flatMap { MarkdownTable.words(in: $0[2]) } == told)
    for row in table.rows { #expect(!row[3].isEmpty, "\(row[0])") }
  }

  @Test("the fixed bounds are the code's")
  func fixedBounds() throws {
    let table = try #require(MarkdownTable.first(["what", "bound", "beyond it"], in: document.text))
    let deadline = ProtocolLimits.deadlineMilliseconds
    let age = ProtocolLimits.maximumAgeSeconds
    let seconds = KeysLimits.refreshRequestInterval.components.seconds
    #expect(
      table.rows.map { [$0[0], $0[1]] } == [
        ["line that is discarded", "\(LineFramer.farTooLongBytes) bytes"],
        ["nesting of JSON", "\(JSONTape.maximumDepth)"],
        ["`id`, string", "\(ProtocolLimits.idBytes) bytes"],
        ["`id`, integer", "±\(ProtocolLimits.idMagnitude)"],
        ["`deadline_ms`", "\(deadline.lowerBound) to \(deadline.upperBound)"],
        ["`max_age`", "\(age.lowerBound) to \(age.upperBound)"],
        ["words or elements of `scope`, `acr_values`, `audience`, `roles`", "\(ProtocolLimits.valuesPerMember) each"],
        [
          "elements of `aud`, of `scope_claims`, `roles_claim` and the policy's `claims`; words of `scope_claims`",
          "\(ClaimSet.maximumElements) each",
        ],
        ["response of an issuer", "\(FetchLimits.bodyBytes) bytes"],
        ["`kid` of an issuer's key", "\(KeySet.maximumKidBytes) bytes"],
        ["usable keys of one set", "\(KeySet.maximumUsableKeys), the first"],
        ["`refresh-jwks`", "one fetch per issuer in \(seconds) s; 16 under way per user, 64 in all"],
        ["keys tried for a token without `kid`", "4"],
      ])
  }

  // MARK: Replies

  @Test("hello has the members that are written, and the protocol's number")
  func hello() throws {
    let active = ActiveConfiguration(Configuration(issuers: [], policies: []), keys: [])
    let hello = StatusReporter(eventLoops: 1).hello(active, isForAdministrators: false)
    let table = try #require(
      MarkdownTable.first(["member", "type", "meaning"], in: document.section("### 4.8 To `hello`")))
    #expect(hello.members.map { ["`\($0.name)`"] } == table.rows.map { [$0[0]] })
    #expect(hello["protocol"]?.integerValue == Int64(ProtocolLimits.version))
    #expect(document.text.hasPrefix("# The bearerd protocol, version \(ProtocolLimits.version)\n"))
    let features = hello["features"]?.arrayValue?.compactMap(\.stringValue)
    #expect(table.rows.last.map { MarkdownTable.words(in: $0[2]) } == features)
  }

  @Test("status has no member that is not written")
  func status() throws {
    let source = try KeySet(
      parsing: Array(
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#.utf8),
      algorithms: IssuerConfiguration.defaultAlgorithms)
    let keys = IssuerKeys(settings: RefreshSettings(), source: NoSource()) { _ in }
    keys.restore(
      with: FetchedKeys(keys: source, body: [], lifetime: nil), age: .zero)
    let issuer = IssuerConfiguration(name: "one", url: "https://one.example")
    let status = StatusReporter(eventLoops: 1).status(
      ActiveConfiguration(Configuration(issuers: [issuer], policies: []), keys: [keys]), at: .now)
    let section = document.section("### 4.9 To `status`")
    let own = try #require(MarkdownTable.first(["member", "type", "meaning"], in: section))
    let ofIssuer = try #require(MarkdownTable.first(["member of an issuer", "type", "meaning"], in: section))
    let written = { (table: MarkdownTable) in Set(table.rows.flatMap { MarkdownTable.words(in: $0[0]) }) }
    #expect(Set(status.members.map(\.name)).union(["reload_fault", "issuers_left_out"]) == written(own))
    let issuers = try #require(status["issuers"]?.arrayValue?.first?.objectValue)
    #expect(Set(issuers.members.map(\.name)).subtracting(written(ofIssuer)) == [])
    #expect(issuers["usable_keys"]?.integerValue == 1)
    let words = Dictionary(uniqueKeysWithValues: ofIssuer.rows.map { ($0[0], MarkdownTable.words(in: $0[2])) })
    #expect(words["`activity`"].map(Set.init) == ["idle", "fetching", "refreshing", "backing_off", "cooling_down"])
    let states = [KeysHealth.fresh, .stale(age: .zero), .expired, .empty].map(\.word)
    #expect(words["`state`"]?.filter(states.contains) == states)
  }

  /// A source that is never asked.
  private struct NoSource: KeySource {
    func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
      .failure(FetchFault(.timedOut, found: ""))
    }
  }
}
