import BearerClaims
import BearerJSON
import BearerSigning
import Testing

@testable import BearerJOSE

/// What is remembered of a token that comes again and again must never show in a verdict.
@Suite struct SettledChecksTests {
  private let issuers = [
    Issuer(name: "i", url: "i", algorithms: [.es256]), Issuer(name: "k", url: "k", algorithms: [.es256]),
  ]
  private let tokens: [[UInt8]]
  private let sets: [KeySet?]
  private let policies: [EffectivePolicy]

  init() throws {
    let (key, other) = (try SigningKey.generate(.ec(.p256)), try SigningKey.generate(.ec(.p256)))
    tokens = try [
      (key, "a", #""exp":2000"#), (key, "a", #""exp":3000,"nbf":1500,"scope":"read""#),
      (key, nil, #""exp":2500,"iat":1200,"auth_time":1100"#), (other, "a", #""exp":2000"#),
      (key, "b", #""exp":2000"#),
    ].map { key, kid, claims in try Self.token(key, kid: kid, #"{"iss":"i","aud":"api",\#(claims)}"#) }
    sets = [
      try Self.set((key, "a")), try Self.set((key, "a")), try Self.set((other, "a")), try Self.set((key, "b")),
      try Self.set((other, "x"), (key, "a")), nil,
    ]
    let policy = { (change: @escaping (inout Policy) -> Void) in
      Policy(name: "p", issuers: ["i"], audiences: ["api"]) {
        $0.tokenType = .any
        change(&$0)
      }
    }
    let effective = [
      policy { _ in }, policy { _ in }, policy { $0.leeway = .zero }, policy { $0.maximumAge = .seconds(500) },
      policy { $0.scopes = ["read"] }, policy { $0.issuers = ["k"] }, policy { $0.audiences = ["other"] },
    ].map { EffectivePolicy($0, issuers: ["i", "k"]) }
    var constraints = RequestConstraints()
    constraints.scopes = [Array("read".utf8)]
    policies = effective + [EffectivePolicy(effective[0], adding: constraints)].compactMap(\.self)
  }

  private static func token(_ key: SigningKey, kid: String?, _ payload: String) throws -> [UInt8] {
    let header = kid.map { #"{"alg":"ES256","kid":"\#($0)"}"# } ?? #"{"alg":"ES256"}"#
    let message = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(payload.utf8)))"
    return Array("\(message).\(Base64URL.encode(try key.sign(Array(message.utf8), algorithm: "ES256")))".utf8)
  }

  private static func set(_ keys: (key: SigningKey, kid: String)...) throws -> KeySet {
    let jwks = try keys.map { key, kid -> JSONValue in
      guard case .ec(_, let x, let y) = key.publicParameters else { throw KeySetFault.empty }
      return [
        "kty": "EC", "crv": "P-256", "kid": .string(kid), "x": .string(Base64URL.encode(x)),
        "y": .string(Base64URL.encode(y)),
      ]
    }
    return try KeySet(parsing: JSONValue.object(["keys": .array(jwks)]).serialized(), algorithms: [.es256])
  }

  @Test("a verifier that remembers gives the verdict of one that does not, whatever has changed")
  func model() {
    var chance = SystemRandomNumberGenerator()
    var remembering = Verifier(tokenCacheBytes: 1 << 20)
    var (token, set, policy, now) = (tokens[0], sets[0], policies[0], Int64(1000))
    var accepted = 0
    for step in 0..<20_000 {
      // Mostly everything stays as it was, or one thing changes.
      switch Int.random(in: 0..<12, using: &chance) {
      case 0: token = tokens.randomElement(using: &chance) ?? token
      case 1: set = sets.randomElement(using: &chance) ?? set
      case 2: policy = policies.randomElement(using: &chance) ?? policy
      case 3:
        now = [999, 1069, 1070, 1170, 1469, 1470, 1600, 1630, 1631, 2029, 2030, 3029, 3030].randomElement() ?? now
      default: break
      }
      let input = VerificationInput(issuers: IssuerTable(issuers), policy: policy, now: NumericDate(seconds: now))
      let isExplained = step % 17 == 0
      let verdict = remembering.verify(token.span, input, explaining: isExplained) { _ in set }
      #expect((remembering.trace != nil) == isExplained)
      var forgetful = Verifier()
      let expected = forgetful.verify(token.span, input) { _ in set }
      if case .accepted = expected { accepted += 1 }
      #expect(Self.text(verdict) == Self.text(expected), "step \(step)")
    }
    #expect(accepted > 1000)
  }

  private static func text(_ verdict: TokenVerdict) -> String {
    switch verdict {
    case .accepted(let token):
      var line: [UInt8] = []
      token.claims.append(to: &line)
      token.appendHeader(to: &line)
      return "accepted \(token.issuer) \(token.expiresIn) \(String(decoding: line, as: UTF8.self))"
    case .rejected(let rejection):
      return "\(rejection.code) \(rejection.claim ?? "") \(rejection.reason?.rawValue ?? "")"
    case .keyMissing(let key): return "key missing \(key)"
    case .undecided: return "undecided"
    }
  }
}
