import BearerClaims
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerServer
import BearerTime

@testable import BearerConfiguration
@testable import BearerDaemon

/// Any bytes as a request line, to the handler that the daemon has, with real keys and policies.
///
/// In an input, `$` stands for a good access token, `&` for one that another key has signed. Both are known before, so that
/// a line which is accepted is remembered at once; what it is answered with, and the same line with other ids, is compared
/// with the answers of a handler that remembers nothing.
struct RequestFuzz: FuzzTarget {
  /// Stands still, so that both handlers tell the same time and the keys stay fresh.
  private struct StandingClock: MomentClock {
    let moment = Moment(monotonic: .now, unixMicroseconds: 1_900_000_000_000_000)
  }

  private struct NoNetwork: KeySource {
    func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
      .failure(FetchFault(.connectFailed, found: "there is no network here"))
    }
  }

  private let handler: any LineHandler
  private let forgetful: any LineHandler
  private var reader = RequestReader()
  private let good: [UInt8]
  private let bad: [UInt8]

  static func seeds() throws -> [[UInt8]] {
    try Seeds.requests()
      + ["default", "id", "any"].flatMap { policy in
        ["verify", "introspect"].map { op in
          Array(#"{"id":1,"op":"\#(op)","token":"$","policy":"\#(policy)","scope":"read","explain":true}"#.utf8)
        }
      }
      + [
        #"{"op":"verify","token":"$","id":7}"#, #"{"op": "verify", "token": "$", "id": "a b"}"#,
        #"{"id": "a", "authorization": "Bearer $", "op": "introspect"}"#, #"{"id":1,"op":"verify","token":"$","id":2}"#,
        #"{"op":"verify","token":"$"},"id":7}"#, #"{"op":"verify","token":"$","nonce":",\"id\":1}"#,
        #"{"op":"verify","token":"$","\u0069d":3}"#, #"{"id":"","op":"verify","token":"$","scope":"read"}"#,
      ].map { Array($0.utf8) }
  }

  init() throws {
    let tokens = try SignedTokens()
    let issuer = IssuerConfiguration(name: "main", url: SignedTokens.issuer)
    let audiences = [SignedTokens.audience]
    var configuration = Configuration(
      issuers: [issuer],
      policies: [
        Policy(name: "default", issuers: ["main"], audiences: audiences),
        Policy(name: "id", issuers: ["main"], audiences: audiences) {
          $0.tokenType = .id
          $0.acrValues = ["gold"]
        },
        Policy(name: "any", issuers: ["main"], audiences: audiences) {
          $0.tokenType = .any
          $0.maximumAge = .seconds(60)
        },
      ])
    let keys = IssuerKeys(settings: RefreshSettings(), source: NoNetwork())
    keys.restore(
      with: FetchedKeys(keys: tokens.keySet, body: tokens.body, lifetime: nil),
      age: .zero)
    let clock = StandingClock()
    func makeHandler() -> any LineHandler {
      RequestHandlers(
        ActiveConfigurationStore(ActiveConfiguration(configuration, keys: [keys])), StatusReporter(eventLoops: 1),
        clock: clock
      ).makeHandler()
    }
    handler = makeHandler()
    configuration.limits.tokenCacheBytes = 0
    forgetful = makeHandler()
    let header = Array(#"{"alg":"EdDSA","kid":"ed25519","typ":"at+jwt"}"#.utf8)
    let payload = """
      {"iss":"\(SignedTokens.issuer)","sub":"Ada Lovelace","aud":"\(SignedTokens.audience)","client_id":"app","iat":1,\
      "jti":"1","exp":4102444800,"scope":"read write","email":"ada@lovelace.example"}
      """
    good = try tokens.token(header: header, payload: Array(payload.utf8))
    bad = Array(good.dropLast(8)) + Array("AAAAAAAA".utf8)
    let line = Array(#"{"id":1,"op":"verify","token":""#.utf8) + good + Array(#""}"#.utf8)
    for _ in 0..<4 { _ = reply(of: handler, to: line) }
    require((handler as? RequestHandler)?.lines.count == 1, "a line that comes again and again is not known")
  }

  /// What a handler replies; nil if that comes later.
  private func reply(of handler: any LineHandler, to line: [UInt8]) -> [UInt8]? {
    var reply: [UInt8] = []
    switch handler.handle(line.span, from: Peer(uid: 0, gid: 0, pid: 0), into: &reply) {
    case .answered, .notAnObject: return reply
    case .deferred(_, let deferred):
      require(reply.isEmpty, "a reply that comes later has begun")
      deferred.cancel()
      return nil
    }
  }

  mutating func feed(_ input: [UInt8]) {
    let line = input.filter { $0 != 0x0A }.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "$"): good
      case UInt8(ascii: "&"): bad
      default: [byte]
      }
    }
    if line.isEmpty { return }
    let atOnce = reply(of: handler, to: line)
    requireSame(line, atOnce)
    guard let reply = atOnce else { return }
    require(reply.last == 0x0A && reply.dropLast().allSatisfy { $0 >= 0x20 }, "not one line")
    guard let answer = SlowJSON.read(reply, maximumDepth: 64) else { return require(false, "the reply is not JSON") }
    let request = SlowJSON.read(line)
    if request == nil { require(answer["id"] == .word("null"), "an id of what is not JSON") }
    guard let operation = request?["op"]?.utf8.map({ String(decoding: $0, as: UTF8.self) }) else {
      return require(answer["ok"] == .word("false"), "ok without an op")
    }
    if operation == "verify" || operation == "introspect" { requireJustified(answer, request, line, reply) }
  }

  /// The reply is that of a handler which remembers nothing, for other ids in the place of the line's, too; and where an id
  /// is thought to be, the strict reader finds it.
  private mutating func requireSame(_ line: [UInt8], _ answer: [UInt8]?) {
    requireAlike(answer, reply(of: forgetful, to: line))
    let shape = LineShape(line.span)
    if shape.idPosition == .unknown { return }
    _ = try? reader.read(line.span)
    require(reader.isUnidentified || reader.id == Array(line[shape.id]), "another id than the reader finds")
    for id in ["0", #""},{ ""#, "999999999999999"] {
      let other = Array(line[..<shape.id.lowerBound]) + Array(id.utf8) + Array(line[shape.id.upperBound...])
      requireAlike(reply(of: handler, to: other), reply(of: forgetful, to: other))
    }
  }

  /// Two replies to one line are the same, unless they tell of keys that are asked for: each question changes what the
  /// next one is told.
  private func requireAlike(_ left: [UInt8]?, _ right: [UInt8]?) {
    if left == right { return }
    let codes = [left, right].map { reply in
      reply.flatMap { SlowJSON.read($0, maximumDepth: 64)?["error"] }
    }
    for (reply, error) in zip([left, right], codes) where reply != nil {
      let mayChange =
        error?["category"]?.utf8 == Array("unavailable".utf8) || error?["code"]?.utf8 == Array("unknown_key".utf8)
      require(mayChange, "what is remembered shows in a reply")
    }
  }

  /// `ok` for the good token only, and no error that holds a part of a token.
  private func requireJustified(_ answer: SlowJSON, _ request: SlowJSON?, _ line: [UInt8], _ reply: [UInt8]) {
    var credential = (request?["token"] ?? request?["authorization"])?.utf8 ?? []
    if request?["token"] == nil {
      while let last = credential.last, last == 0x20 || last == 0x09 { credential.removeLast() }
    }
    if answer["ok"] == .word("true") {
      let isGood = credential == good || (request?["token"] == nil && credential.suffix(good.count) == good[...])
      require(isGood && request?["policy"].map { $0.utf8 == Array("default".utf8) } ?? true, "ok for a bad token")
      return
    }
    require(answer["ok"] == .word("false"), "ok is missing")
    if request?["explain"] != nil { return }
    for start in stride(from: 0, to: min(credential.count, 1024) - 20, by: 7) {
      let part = credential[start..<start + 20]
      // What the caller says elsewhere too may be echoed from there.
      if reply.contains(part), line.ranges(of: part).count < 2 { require(false, "an error holds a part of the token") }
    }
  }
}
