import BearerClaims
import BearerJSON
import Testing

@testable import BearerJOSE

@Suite struct IssuerTableTests {
  private func place(_ payload: String, in table: IssuerTable) throws -> Int? {
    var claims = ClaimSet()
    claims.bytes = Array(payload.utf8)
    try claims.parse()
    return table.issuerIndex(of: claims)
  }

  @Test("each of a thousand issuers is found by its url, and nobody else", arguments: [0, 1, 2, 3, 1_000])
  func found(count: Int) throws {
    let table = IssuerTable(
      (0..<count).map { Issuer(name: "\($0)", url: "https://id.example/\($0)", algorithms: [.es256]) })
    #expect(table.count == count)
    for number in 0..<count {
      #expect(try place(#"{"iss":"https://id.example/\#(number)"}"#, in: table) == number)
    }
    for iss in [#""https://id.example/""#, #""https://id.example/1000""#, #""""#, "1", "null"] {
      #expect(try place(#"{"iss":\#(iss)}"#, in: table) == nil)
    }
    #expect(try place("{}", in: table) == nil)
  }

  @Test("an iss that is written with escapes is the same")
  func escapes() throws {
    let table = IssuerTable([Issuer(name: "a", url: "https://id.example/caf\u{E9}", algorithms: [.es256])])
    #expect(try place(#"{"iss":"https:\/\/id.example\/caf\u00e9"}"#, in: table) == 0)
    #expect(try place(#"{"iss":"https://id.example/cafe\u0301"}"#, in: table) == nil)
  }
}
