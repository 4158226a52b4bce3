import BearerClaims
import BearerConfiguration
import BearerDaemon
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerServer

/// Any bytes as a request line, to the handler that the daemon has, with real keys and policies.
///
/// In an input, `$` stands for a good access token, `&` for one that another key has signed.
struct RequestFuzz: FuzzTarget {
  private struct NoNetwork: KeySource {
    func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
      .failure(FetchFault(.connectFailed, found: "there is no network here"))
    }
  }

  private let handler: any LineHandler
  private let good: [UInt8]
  private let bad: [UInt8]

  static func seeds() throws -> [[UInt8]] {
    try Seeds.requests()
      + ["default", "id", "any"].flatMap { policy in
        ["verify", "introspect"].map { op in
          Array(#"{"id":1,"op":"\#(op)","token":"$","policy":"\#(policy)","scope":"read","explain":true}"#.utf8)
        }
      }
  }

  init() throws {
    let tokens = try SignedTokens()
    let issuer = IssuerConfiguration(name: "main", url: SignedTokens.issuer)
    let audiences = [SignedTokens.audience]
    let configuration = Configuration(
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
    handler = RequestHandlers(
      ActiveConfigurationStore(ActiveConfiguration(configuration, keys: [keys])), Reports(eventLoops: 1)
    ).makeHandler()
    let header = Array(#"{"alg":"EdDSA","kid":"ed25519","typ":"at+jwt"}"#.utf8)
    let payload = """
      {"iss":"\(SignedTokens.issuer)","sub":"Ada Lovelace","aud":"\(SignedTokens.audience)","client_id":"app","iat":1,\
      "jti":"1","exp":4102444800,"scope":"read write","email":"ada@lovelace.example"}
      """
    good = try tokens.token(header: header, payload: Array(payload.utf8))
    bad = Array(good.dropLast(8)) + Array("AAAAAAAA".utf8)
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
    var reply: [UInt8] = []
    switch handler.handle(line.span, from: Peer(uid: 0, gid: 0, pid: 0), into: &reply) {
    case .answered, .notAnObject: break
    case .deferred(_, let deferred):
      require(reply.isEmpty, "a reply that comes later has begun")
      return deferred.cancel()
    }
    require(reply.last == 0x0A && reply.dropLast().allSatisfy { $0 >= 0x20 }, "not one line")
    guard let answer = SlowJSON.read(reply, maximumDepth: 64) else { return require(false, "the reply is not JSON") }
    let request = SlowJSON.read(line)
    if request == nil { require(answer["id"] == .word("null"), "an id of what is not JSON") }
    guard let operation = request?["op"]?.utf8.map({ String(decoding: $0, as: UTF8.self) }) else {
      return require(answer["ok"] == .word("false"), "ok without an op")
    }
    if operation == "verify" || operation == "introspect" { requireJustified(answer, request, line, reply) }
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
