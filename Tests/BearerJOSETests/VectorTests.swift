import BearerClaims
import BearerJOSE
import BearerJSON
import BearerProtocol
import Testing

/// The table of hostile and good tokens.
@Suite struct VectorTests {
  let world: VectorFixtures

  init() throws {
    world = try VectorFixtures.shared.get()
  }

  /// The answer to a vector, as far as vectors can ask for it.
  struct Answer: Equatable, CustomStringConvertible {
    var code: String
    var claim: String?
    var reason: String?

    var description: String { [code, claim, reason].compactMap(\.self).joined(separator: " ") }
  }

  private func expectAnswer(to vector: Vector, token: [UInt8], from verifier: inout Verifier) throws {
    let trial = try world.trial(of: vector)
    var answer = Answer(code: "invalid_request")
    if let input = trial.input {
      switch verifier.verify(token.span, input, keys: { trial.keys[$0] }) {
      case .accepted(let accepted):
        answer.code = "accept"
        try expectClaims(of: accepted, toBeThoseOf: token, vector.name)
      case .rejected(let rejection):
        answer = Answer(
          code: ReplyCode(rejection.code).rawValue, claim: rejection.claim, reason: rejection.reason?.rawValue)
      // There is no network here: what is not in the set is nowhere.
      case .keyMissing(let key): answer.code = key.isTried ? "bad_signature" : "unknown_key"
      case .undecided: answer.code = "verification_unavailable"
      }
    }
    let expected = Answer(
      code: vector.expect, claim: vector.claim ?? answer.claim, reason: vector.reason ?? answer.reason)
    #expect(answer == expected, "\(vector.name): \(vector.comment)")
  }

  /// What the caller is told must be what was signed.
  private func expectClaims(of accepted: VerifiedToken, toBeThoseOf token: [UInt8], _ name: String) throws {
    let segments = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    try #require(segments.count == 3)
    let encoded = String(decoding: segments[1], as: UTF8.self)
    let payload = try #require(Base64URL.decode(encoded))
    #expect(Base64URL.encode(payload) == encoded, "\(name)")
    var claims: [UInt8] = []
    accepted.claims.append(to: &claims)
    #expect(try JSONValue(parsing: claims) == JSONValue(parsing: payload), "\(name)")
  }

  @Test("each token gets the answer that its file names", arguments: try Vector.all())
  func answer(_ vector: Vector) throws {
    var verifier = Verifier()
    switch vector.input {
    case .token(let token): try expectAnswer(to: vector, token: token, from: &verifier)
    case .authorization(let value):
      let bytes = Array(value.utf8)
      switch AuthorizationHeader.read(bytes) {
      case .bearer(let range): try expectAnswer(to: vector, token: Array(bytes[range]), from: &verifier)
      case .noToken: #expect(vector.expect == "missing_token", "\(vector.name): \(vector.comment)")
      case .several: #expect(vector.expect == "multiple_credentials", "\(vector.name): \(vector.comment)")
      }
    }
  }

  @Test("a verifier that has seen all the other tokens, and knows signatures and payloads, answers the same")
  func answersOfOneVerifier() throws {
    let vectors = try Vector.tokens()
    var verifier = Verifier(tokenCacheBytes: 1 << 20)
    // A payload is kept when its token comes a second time, and used from the third on.
    for vector in vectors + vectors.reversed() + vectors + vectors {
      guard case .token(let token) = vector.input else { continue }
      try expectAnswer(to: vector, token: token, from: &verifier)
    }
  }

  @Test("explain finds a fault in every token that is refused and in no other, and shows no subject")
  func explanations() throws {
    var verifier = Verifier()
    for vector in try Vector.tokens() {
      guard case .token(let token) = vector.input else { continue }
      let trial = try world.trial(of: vector)
      guard let input = trial.input else { continue }
      let verdict = verifier.verify(token.span, input, explaining: true, keys: { trial.keys[$0] })
      let steps = verifier.trace?.steps ?? []
      var plain = Verifier()
      #expect("\(verdict)" == "\(plain.verify(token.span, input, keys: { trial.keys[$0] }))", "\(vector.name)")
      #expect(plain.trace == nil)
      #expect(steps.map(\.check) == Check.allCases)
      #expect(steps.contains { $0.result == .fail } == (vector.expect != "accept"), "\(vector.name)")
      let shown = steps.flatMap { [$0.expected, $0.found, $0.hint].compactMap(\.self) }
      #expect(!shown.contains { $0.contains("user-1") }, "\(vector.name)")
    }
  }

  @Test("every code and every reason has a vector")
  func coverage() throws {
    let vectors = try Vector.all()
    let found = Set(vectors.map(\.expect))
    let known = Set(
      TokenCode.allCases.filter { $0 != .revoked && $0 != .inactiveToken }.map(\.rawValue)
        + PolicyCode.allCases.map(\.rawValue))
    #expect(known.subtracting(found) == [])
    // A client's mistake that shows only when request and policy meet.
    #expect(found.subtracting(known) == ["accept", "invalid_request"])
    #expect(Set(vectors.compactMap(\.reason)) == Set(Rejection.Reason.allCases.map(\.rawValue)))
  }
}
