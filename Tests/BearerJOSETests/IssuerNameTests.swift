import BearerClaims
import BearerJSON
import BearerSigning
import Testing

@testable import BearerJOSE

/// Issuers with a name for each tenant, whose keys may be for one of them only.
@Suite struct IssuerNameTests {
  private static let tenants = ["a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"]
  private static let template = "https://id.example/{tenantid}/v2.0"
  private static let key = Result { try SigningKey.generate(.ec(.p256)) }

  private let profile: IssuerProfile

  init() {
    var profile = IssuerProfile()
    profile.tenants = Self.tenants
    profile.urlAliases = ["https://sts.example/{tenantid}/"]
    self.profile = profile
  }

  /// A set with one key that is for this `iss` only, or for all.
  private func set(issuer: String?) throws -> KeySet {
    guard case .ec(_, let x, let y) = try Self.key.get().publicParameters else { throw KeySetFault.empty }
    var jwk: JSONObject = [
      "kty": "EC", "crv": "P-256", "kid": "k", "x": .string(Base64URL.encode(x)), "y": .string(Base64URL.encode(y)),
    ]
    jwk["issuer"] = issuer.map(JSONValue.string)
    return try KeySet(
      parsing: JSONValue.object(["keys": .array([.object(jwk)])]).serialized(), algorithms: [.es256])
  }

  private func judge(
    _ payload: String, header more: String = "", isForged: Bool = false, keyIssuer: String? = nil,
    url: String = template, profile: IssuerProfile? = nil
  ) throws -> String {
    let header = #"{"alg":"ES256","kid":"k"\#(more)}"#
    let message = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(payload.utf8)))"
    let signature = try Self.key.get().sign(Array((isForged ? "x" : message).utf8), algorithm: "ES256")
    let issuer = Issuer(name: "i", url: url, algorithms: [.es256], profile: profile ?? self.profile)
    let policy = EffectivePolicy(
      Policy(name: "p", issuers: ["i"], audiences: ["api"]) { $0.tokenType = .any }, issuers: ["i"])
    let set = try set(issuer: keyIssuer)
    var verifier = Verifier(tokenCacheBytes: 1 << 20)
    var verdicts: Set<String> = []
    // A token that comes again and again is remembered, and judged no otherwise.
    for _ in 0..<4 {
      let verdict = verifier.verify(
        Array("\(message).\(Base64URL.encode(signature))".utf8).span,
        VerificationInput(issuers: IssuerTable([issuer]), policy: policy, now: NumericDate(seconds: 1500))
      ) { _ in set }
      switch verdict {
      case .accepted: verdicts.insert("ok")
      case .keyMissing: verdicts.insert("key missing")
      case .undecided: verdicts.insert("undecided")
      case .rejected(let rejection):
        guard case .token(let code) = rejection.code else { return "policy" }
        verdicts.insert(
          "\(code.rawValue) \(rejection.claim ?? "")\(more.isEmpty ? "" : rejection.detail.text.description)")
      }
    }
    return verdicts.sorted().joined(separator: ", ")
  }

  private func payload(_ tenant: String, iss: String? = nil, ver: String = "2.0") -> String {
    let iss = iss ?? Self.template.replacing("{tenantid}", with: tenant)
    return #"{"iss":"\#(iss)","tid":"\#(tenant)","ver":"\#(ver)","aud":"api","exp":2000}"#
  }

  @Test("a template has a name for each tenant and for no other, and tid and ver must be those of iss")
  func names() throws {
    for tenant in Self.tenants {
      #expect(try judge(payload(tenant)) == "ok")
      #expect(try judge(payload(tenant, iss: "https://sts.example/\(tenant)/", ver: "1.0")) == "ok")
      #expect(try judge(payload(tenant, iss: "https://sts.example/\(tenant)/")) == "unknown_issuer ver")
      #expect(try judge(payload(tenant, ver: "1.0")) == "unknown_issuer ver")
    }
    #expect(try judge(payload("a0000000-0000-4000-8000-000000000003")) == "unknown_issuer iss")
    #expect(try judge(payload("{tenantid}")) == "unknown_issuer iss")
    #expect(try judge(payload("common")) == "unknown_issuer iss")
    let crossed = payload(Self.tenants[0]).replacing(
      #""tid":"a0000000-0000-4000-8000-000000000001""#, with: #""tid":"\#(Self.tenants[1])""#)
    #expect(try judge(crossed) == "unknown_issuer tid")
  }

  @Test("a key that names one tenant's iss has signed for no other, and the template is everybody's")
  func keys() throws {
    let names = Self.tenants.map { Self.template.replacing("{tenantid}", with: $0) }
    for (keyIssuer, verdicts) in [
      (nil, ["ok", "ok"]), (Self.template, ["ok", "ok"]), (names[0], ["ok", "key missing"]),
      (names[1], ["key missing", "ok"]), ("https://elsewhere.example", ["key missing", "key missing"]),
    ] as [(String?, [String])] {
      #expect(try Self.tenants.map { try judge(payload($0), keyIssuer: keyIssuer) } == verdicts)
    }
    // An issuer without tenants has no use for the member (RFC 7517 section 4: what is not understood is ignored).
    #expect(
      try judge(
        payload(Self.tenants[0]), keyIssuer: "https://elsewhere.example", url: names[0], profile: IssuerProfile())
        == "ok")
  }

  @Test("a bad signature under a header with a nonce is said to be of Microsoft's own APIs, perhaps")
  func nonceInHeader() throws {
    #expect(try judge(payload(Self.tenants[0]), header: #","nonce":"n""#) == "ok")
    let refused = try judge(payload(Self.tenants[0]), header: #","nonce":"n""#, isForged: true)
    #expect(refused.hasPrefix("bad_signature ") && refused.contains("such as Graph"))
    let plain = try judge(payload(Self.tenants[0]), header: #","x":"n""#, isForged: true)
    #expect(plain.hasPrefix("bad_signature ") && !plain.contains("Graph"))
  }
}
