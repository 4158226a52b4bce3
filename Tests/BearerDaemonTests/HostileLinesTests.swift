import BearerClaims
import BearerDaemon
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerServer
import Testing

@testable import BearerConfiguration

/// Lines that nobody wrote, made from good ones by seeded chance.
@Suite("Hostile lines")
struct HostileLinesTests {
  /// SplitMix64: the same lines in every run.
  private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      return word ^ (word >> 31)
    }
  }

  private struct NoNetwork: KeySource {
    func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
      .failure(FetchFault(.connectFailed, found: "there is no network here"))
    }
  }

  /// RFC 7515 appendix A.3's key; nothing here is signed with it but the seeds' shape.
  private static let keySet = """
    {"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",\
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}
    """

  private func handler() throws -> any LineHandler {
    let issuer = IssuerConfiguration(name: "test", url: "https://id.example")
    let configuration = Configuration(
      issuers: [issuer],
      policies: [
        Policy(name: "default", issuers: ["test"], audiences: ["api"]) { $0.maximumAge = .seconds(60) },
        Policy(name: "id", issuers: ["test"], audiences: ["api"]) { $0.tokenType = .id },
        Policy(name: "any", issuers: ["test"], audiences: ["api"]) { $0.tokenType = .any },
      ])
    let body = Array(Self.keySet.utf8)
    let keys = IssuerKeys(settings: RefreshSettings(), source: NoNetwork())
    let set = try KeySet(parsing: body, algorithms: issuer.algorithms)
    keys.restore(with: FetchedKeys(keys: set, body: body, lifetime: nil), age: .zero)
    return RequestHandlers(
      ActiveConfigurationStore(ActiveConfiguration(configuration, keys: [keys])), StatusReporter(eventLoops: 1)
    ).makeHandler()
  }

  private static let header = #"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#
  private static let payload =
    #"{"iss":"https://id.example","sub":"s","aud":["api"],"client_id":"c","iat":1,"jti":"j","exp":2e9,"nbf":0.5}"#

  private static let lines: [String] = [
    #"{"id":1,"op":"ping"}"#, #"{"op":"status","id":"s\u0041"}"#, #"{"op":"hello"}"#,
    #"{"op":"refresh-jwks","issuer":"test"}"#,
    #"{"op":"verify","authorization":"Bearer x.y.z","scope":"a b","max_age":5,"acr_values":"x","nonce":"n"}"#,
  ]

  private func mutated(_ bytes: [UInt8], _ chance: inout Chance) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &chance) {
      let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &chance)
      switch Int.random(in: 0..<5, using: &chance) {
      case 0 where !bytes.isEmpty: bytes[at] = .random(in: 0...255, using: &chance)
      case 1 where !bytes.isEmpty: bytes.remove(at: at)
      case 2: bytes.insert(Array(#""\{}[],:.0e-"#.utf8).randomElement(using: &chance) ?? 0, at: at)
      case 3 where bytes.count > 4: bytes.removeLast(Int.random(in: 1...4, using: &chance))
      default: bytes.insert(contentsOf: bytes.suffix(Int.random(in: 0...16, using: &chance)), at: at)
      }
    }
    return bytes
  }

  @Test("whatever a line holds, it gets one line of JSON that accepts nothing unsigned", arguments: 0..<8)
  func mutatedLines(seed: Int) throws {
    let handler = try handler()
    var chance = Chance(state: UInt64(seed))
    let peer = Peer(uid: 0, gid: 0, pid: 0)
    for round in 0..<1500 {
      var line: [UInt8]
      if round % 3 == 0 {
        line = mutated(Array((Self.lines.randomElement(using: &chance) ?? "").utf8), &chance)
      } else {
        // Two layers: what is inside the token is changed before it is encoded, so that the checks behind it are met.
        let header = round % 2 == 0 ? Array(Self.header.utf8) : mutated(Array(Self.header.utf8), &chance)
        let payload = mutated(Array(Self.payload.utf8), &chance)
        let signature = [UInt8](repeating: 7, count: Int.random(in: 60...66, using: &chance))
        let token = [header, payload, signature].map { Base64URL.encode($0) }.joined(separator: ".")
        let policy = ["default", "id", "any"].randomElement(using: &chance) ?? "any"
        line = Array(#"{"op":"introspect","explain":true,"policy":"\#(policy)","token":"\#(token)"}"#.utf8)
        if round % 5 == 0 { line = mutated(line, &chance) }
      }
      line.removeAll { $0 == 0x0A }
      var reply: [UInt8] = []
      if case .deferred = handler.handle(line.span, from: peer, into: &reply) { continue }
      #expect(reply.last == 0x0A)
      #expect(reply.dropLast().allSatisfy { $0 >= 0x20 })
      let value = try JSONValue(parsing: Array(reply.dropLast()))
      let isAboutToken = value["introspection"] != nil || value["error"]?["category"] == "token"
      if isAboutToken { #expect(value["ok"] == false) }
      if let introspection = value["introspection"] { #expect(introspection == ["active": false]) }
    }
  }
}
