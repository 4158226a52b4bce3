import BearerJOSE
import BearerJSON
import Testing

/// The table of hostile and good tokens.
@Suite struct VectorTests {
  let world: VectorWorld

  init() throws {
    world = try VectorWorld.shared.get()
  }

  private func expectAnswer(to vector: Vector, token: [UInt8], from verifier: inout Verifier) throws {
    let (answer, accepted) = try world.answer(to: vector, token: token, from: &verifier)
    let expected = VectorWorld.Answer(
      code: vector.expect, claim: vector.claim ?? answer.claim, reason: vector.reason ?? answer.reason)
    #expect(answer == expected, "\(vector.name): \(vector.comment)")
    if let accepted { try expectClaims(of: accepted, toBeThoseOf: token, vector.name) }
  }

  /// What the caller is told must be what was signed.
  private func expectClaims(of accepted: VerifiedToken, toBeThoseOf token: [UInt8], _ name: String) throws {
    let segments = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    try #require(segments.count == 3)
    let encoded = String(decoding: segments[1], as: UTF8.self)
    let payload = try #require(Base64URL.decode(encoded))
    #expect(Base64URL.encode(payload) == encoded, "\(name)")
    var claims: [UInt8] = []
    accepted.appendClaims(to: &claims)
    #expect(try JSONValue(parsing: claims) == JSONValue(parsing: payload), "\(name)")
  }

  @Test("each token gets the answer that its file names", arguments: try Vector.tokens())
  func answer(_ vector: Vector) throws {
    guard case .token(let token) = vector.input else { return }
    var verifier = Verifier()
    try expectAnswer(to: vector, token: token, from: &verifier)
  }

  @Test("a verifier that has seen all the other tokens, and knows signatures, answers the same")
  func answersOfOneVerifier() throws {
    let vectors = try Vector.tokens()
    var verifier = Verifier(signatureCacheBytes: 1 << 20)
    for vector in vectors + vectors.reversed() {
      guard case .token(let token) = vector.input else { continue }
      try expectAnswer(to: vector, token: token, from: &verifier)
    }
  }

  @Test("every code and every reason has a vector")
  func coverage() throws {
    let vectors = try Vector.all()
    let found = Set(vectors.map(\.expect))
    let known = Set(Rejection.Code.allCases.map(\.rawValue))
    #expect(known.subtracting(found) == [])
    // A client's mistake that shows only when request and policy meet.
    #expect(found.subtracting(known) == ["accept", "invalid_request"])
    #expect(Set(vectors.compactMap(\.reason)) == Set(Rejection.Reason.allCases.map(\.rawValue)))
  }
}
