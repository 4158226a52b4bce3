import BearerProtocol
import Testing

@Suite struct AuthorizationHeaderTests {
  @Test(
    "the token is found whatever the case of the scheme and the spaces around",
    arguments: [
      ("Bearer a.b.c", "a.b.c"), ("bearer a.b.c", "a.b.c"), ("BEARER a.b.c", "a.b.c"), ("bEaReR a.b.c", "a.b.c"),
      ("  Bearer a.b.c", "a.b.c"), ("Bearer a.b.c  ", "a.b.c"), ("Bearer    a.b.c", "a.b.c"),
      ("Bearer\ta.b.c", "a.b.c"),
      ("\t Bearer \t a.b.c \t", "a.b.c"),
      // What is no token is for the verifier to refuse, as it is.
      ("Bearer a b", "a b"), ("Bearer =", "="), ("Bearer \u{E9}", "\u{E9}"), ("Bearer Bearer", "Bearer"),
    ])
  func token(_ value: String, _ token: String) {
    let bytes = Array(value.utf8)
    guard case .bearer(let range) = AuthorizationHeader.read(bytes) else {
      Issue.record("no token in \(value)")
      return
    }
    #expect(String(decoding: bytes[range], as: UTF8.self) == token)
  }

  @Test(
    "no credentials, or those of another scheme, are no token",
    arguments: [
      "", " ", "\t", ",", "Bearer", "Bearer ", " bearer\t", "Basic YTpi", "DPoP a.b.c", "Bearera.b.c", "Beare a.b.c",
      "a.b.c", "\"Bearer\" a.b.c", "Bearer=a.b.c", "Basic YTpi, Digest x", "Bea", "\u{0}Bearer a.b.c",
    ])
  func noToken(_ value: String) {
    #expect(AuthorizationHeader.read(Array(value.utf8)) == .noToken)
  }

  @Test(
    "more than one set of credentials, one of them a bearer token, is told apart",
    arguments: [
      "Bearer a.b.c, Bearer d.e.f", "Bearer a.b.c,Bearer a.b.c", "Basic YTpi, Bearer a.b.c", "Bearer a.b.c, Basic YTpi",
      "Bearer a.b.c,", ", Bearer a.b.c", "Bearer a,b", "DPoP x , bearer y", "Bearer, Bearer",
    ])
  func several(_ value: String) {
    #expect(AuthorizationHeader.read(Array(value.utf8)) == .several)
  }
}
