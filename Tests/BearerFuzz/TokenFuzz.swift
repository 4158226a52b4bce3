import BearerClaims
import BearerJOSE
import BearerJSON
import Foundation

/// Any bytes as a token: accepted only if the obvious way finds it signed and good, and judged the same however often
/// and with whatever memory.
///
/// An input is a byte that chooses the policy and whether the rest is the whole token, or header and payload with an LF
/// between, which are then really signed.
struct TokenFuzz: FuzzTarget {
  private let tokens: SignedTokens
  private let issuers: IssuerTable
  private let policies: [EffectivePolicy]
  private let now = NumericDate(seconds: 1_800_000_000)
  private var remembering = Verifier(tokenCacheBytes: 1 << 16)

  static func seeds() throws -> [[UInt8]] {
    try Seeds.tokens().flatMap { token in
      let parts = token.split(separator: 0x2E).map { SignedTokens.decode(Array($0)) }
      guard parts.count == 3, let header = parts[0], let payload = parts[1] else { return [[4] + token] }
      // Whole, and taken apart under every policy: what is behind the signature is met only by what is signed.
      return [[4] + token] + (0..<5).map { [$0 << 1 | 1] + header + [0x0A] + payload }
    }
  }

  init() throws {
    tokens = try SignedTokens()
    let issuers = IssuerTable([
      Issuer(name: "main", url: SignedTokens.issuer, algorithms: SignedTokens.algorithms)
    ])
    self.issuers = issuers
    let policy = { (type: TokenType) in
      Policy(name: type.rawValue, issuers: ["main"], audiences: [SignedTokens.audience]) { $0.tokenType = type }
    }
    var strict = policy(.any)
    (strict.scopes, strict.clients, strict.acrValues, strict.maximumAge) = (["read"], ["app"], ["gold"], .seconds(60))
    (strict.requiredClaims, strict.refusesSenderConstrained) = (["sub"], false)
    strict.claims = [ClaimRequirement(claim: "role", anyOf: [.string("admin"), .integer(7), .boolean(true)])]
    var constraints = RequestConstraints()
    constraints.audiences = [Array("other".utf8)]
    constraints.scopes = [Array("write".utf8)]
    constraints.maximumAge = 5
    constraints.acrValues = [Array("gold".utf8)]
    constraints.nonce = Array("n".utf8)
    let effective = [policy(.access), policy(.id), policy(.any), strict].map { EffectivePolicy($0, issuers: ["main"]) }
    policies = effective + [EffectivePolicy(effective[2], adding: constraints)].compactMap(\.self)
  }

  mutating func feed(_ bytes: [UInt8]) {
    guard let choice = bytes.first else { return }
    let input = VerificationInput(issuers: issuers, policy: policies[Int(choice >> 1) % policies.count], now: now)
    var token = Array(bytes.dropFirst())
    let isMade = choice & 1 == 1
    if isMade {
      let parts = token.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
      guard parts.count == 2, let made = try? tokens.token(header: parts[0], payload: parts[1]) else { return }
      token = made
    }

    let verdict = remembering.verify(token.span, input) { _ in tokens.keySet }
    var fresh = Verifier()
    let first = fresh.verify(token.span, input) { _ in tokens.keySet }
    require(Self.outcome(verdict) == Self.outcome(first), "the verdict depends on what was judged before")
    let explained = fresh.verify(token.span, input, explaining: true) { _ in tokens.keySet }
    require(Self.outcome(explained) == Self.outcome(first), "the verdict depends on whether it is explained")
    let failure = fresh.trace?.steps.first { $0.result == .fail }
    switch verdict {
    case .accepted(let accepted):
      require(failure == nil, "accepted, but \(failure?.check.rawValue ?? "")")
      requireGood(token, input)
      var line: [UInt8] = []
      accepted.claims.append(to: &line)
      accepted.appendHeader(to: &line)
      require(line.allSatisfy { $0 >= 0x20 }, "a control character in the reply")
    case .rejected(let rejection):
      require(failure != nil, "rejected with \(rejection.code), but no check fails")
      // What is not made here may be signed with an algorithm that the key is not for.
      if isMade, rejection.code == .token(.badSignature) { require(!tokens.isSigned(token), "the signature is good") }
    case .keyMissing(let need):
      // Where no name says which key it is, some were tried.
      let expected: Check = need.isTried ? .signature : .key
      require(failure?.check == expected, "the key is missing, but \(failure?.check.rawValue ?? "nothing") fails")
    case .undecided: require(false, "the signature could not be checked")
    }
  }

  private static func outcome(_ verdict: TokenVerdict) -> String {
    switch verdict {
    case .accepted: "accepted"
    case .rejected(let rejection):
      "\(rejection.code) \(rejection.claim ?? "") \(rejection.reason?.rawValue ?? "")"
    case .keyMissing(let need): "key missing \(need.kid ?? []) \(need.isTried)"
    case .undecided: "undecided"
    }
  }

  /// What must hold at the least for a token that is accepted, looked at without the verifier.
  private func requireGood(_ token: [UInt8], _ input: VerificationInput) {
    require(tokens.isSigned(token), "accepted without a good signature")
    let segments = token.split(separator: 0x2E).map { SlowJSON.read(SignedTokens.decode(Array($0)) ?? []) }
    guard segments.count == 3, let header = segments[0], let claims = segments[1] else {
      return require(false, "accepted without header or claims")
    }
    for name in ["crit", "b64", "zip"] { require(header[name] == nil, "accepted with \(name)") }
    let policy = input.policy.policy
    require(claims["iss"]?.utf8 == Array(SignedTokens.issuer.utf8), "accepted from another issuer")
    let audience = Array(SignedTokens.audience.unicodeScalars)
    switch claims["aud"] {
    case .string(let text): require(text == audience, "accepted for another audience")
    case .array(let elements): require(elements.contains(.string(audience)), "accepted for other audiences")
    default: require(false, "accepted without an audience")
    }
    let time = { (name: String) -> Double? in
      guard case .number(let text) = claims[name] else { return nil }
      return Double(text)
    }
    let second = Double(now.seconds)
    require((time("exp") ?? 0) > second - 30.001, "accepted after its end")
    for name in ["nbf", "iat"] { require((time(name) ?? 0) <= second + 30.001, "accepted before \(name)") }
    let type = header["typ"]?.utf8.map { String(decoding: $0, as: UTF8.self).lowercased() } ?? "none"
    let types =
      switch policy.tokenType {
      case .access: ["at+jwt", "application/at+jwt"]
      case .id: ["none", "jwt", "application/jwt"]
      case .any: ["none", "jwt", "application/jwt", "at+jwt", "application/at+jwt"]
      }
    require(types.contains(type), "accepted as \(type)")
    if policy.refusesSenderConstrained {
      require(claims["cnf"].map { $0 == .word("null") } ?? true, "accepted although it is bound to its sender")
    }
  }
}
