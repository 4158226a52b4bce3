import BearerJSON
import Testing

/// The reader of vector files, which must not read past a mistake in one.
@Suite struct VectorFormatTests {
  static let headers = "expect: accept\ncomment: c\npolicy: p\nkeys: k\nnow: 7\n"

  private func parse(_ text: String) throws -> Vector { try Vector(name: "n", parsing: Array(text.utf8)) }

  @Test("a file with every header is read as it stands")
  func everyHeader() throws {
    let vector = try parse(
      "claim: exp\nreason: acr\nalgorithms: RS256 ES256\nrequest: {\"nonce\":\"n\"}\nencoding: escaped\n"
        + Self.headers + "\na.b\\x0a\\x5c\n")
    #expect(vector.expect == "accept")
    #expect(vector.claim == "exp")
    #expect(vector.reason == "acr")
    #expect(vector.comment == "c")
    #expect(vector.policy == "p")
    #expect(vector.keys == "k")
    #expect(vector.now == 7)
    #expect(vector.algorithms == ["RS256", "ES256"])
    #expect(vector.request == ["nonce": "n"])
    #expect(vector.input == .token(Array("a.b\n\\".utf8)))
  }

  @Test("an authorization value is a JSON string and takes the token's place")
  func authorization() throws {
    #expect(try parse(Self.headers + "authorization: \"Bearer \"\n\n\n").input == .authorization("Bearer "))
    #expect(throws: Vector.Fault.tokenAndAuthorization) {
      try parse(Self.headers + "authorization: \"\"\n\ntoken\n")
    }
  }

  @Test(
    "a mistake is refused",
    arguments: [
      (headers + "token\n", Vector.Fault.noEmptyLine),
      (headers + "clam: exp\n\nt\n", .unknownHeader("clam")),
      (headers + "now: 8\n\nt\n", .repeatedHeader("now")),
      (headers + "now\n\nt\n", .notAHeader("now")),
      ("expect: accept\n\nt\n", .missingHeader("comment")),
      ("expect: accept\ncomment: c\npolicy: p\nkeys: k\nnow: x\n\nt\n", .badValue("now")),
      (headers + "encoding: base64\n\nt\n", .badValue("encoding")),
      (headers + "encoding: escaped\n\n\\n\n", .badEscape),
      (headers + "encoding: escaped\n\n\\x0\n", .badEscape),
      (headers + "request: []\n\nt\n", .badValue("request")),
      (headers + "\nt", .noFinalLineFeed),
    ])
  func mistake(_ text: String, _ fault: Vector.Fault) {
    #expect(throws: fault) { try parse(text) }
  }
}
