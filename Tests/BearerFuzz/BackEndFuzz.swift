@testable import BearerClaims
@testable import BearerIntrospection

/// What a back-end answers about a token.
///
/// An input is a byte that chooses the kind, and the body, or the header fields one a line.
struct BackEndFuzz: FuzzTarget {
  static func seeds() throws -> [[UInt8]] {
    let texts: [(UInt8, String)] = [
      (0, #"{"active":true,"sub":"u","aud":["a"],"scope":"a b","exp":1700000000,"cnf":{"jkt":"x"}}"#),
      (0, #"{"active":false}"#), (0, #"{"active":"true"}"#), (1, #"{"sub":"u","email":"u@example.com"}"#),
      (
        2,
        "x-authgear-session-valid: true\nx-authgear-user-id: u\nx-authgear-session-amr: a b\nx-authgear-user-roles: a,b"
      ),
      (2, "x-authgear-session-valid: false"), (2, "x-authgear-session-authenticated-at: 1700000000"), (0, "<html>"),
    ]
    return texts.map { [$0] + Array($1.utf8) }
  }

  init() throws {}

  mutating func feed(_ input: [UInt8]) {
    guard let choice = input.first else { return }
    let body = Array(input.dropFirst())
    let kind = BackEndKind.allCases[Int(choice) % 3 == 0 ? 0 : Int(choice) % 3 == 1 ? 2 : 1]
    var fields = [(name: "Content-Type", value: "application/json")]
    if kind == .authgearResolver {
      fields = String(decoding: body, as: UTF8.self).split(separator: "\n").map { line in
        let parts = line.split(separator: ": ", maxSplits: 1)
        return (String(parts.first ?? ""), String(parts.dropFirst().first ?? ""))
      }
    }
    let response = BackEndResponse(status: 200, fields: fields, body: body, origin: "https://op.example")
    do throws(BackEndFault) {
      guard case .active(let token) = try response.tokenStatus(kind, agreeingWith: nil) else { return }
      require(token.claims.isObject, "no object")
      guard let slow = SlowJSON.read(token.claims.bytes) else { return require(false, "not JSON for another reader") }
      switch kind {
      case .rfc7662: require(body == token.claims.bytes && slow["active"] != nil, "not what came")
      case .userinfo: require(body == token.claims.bytes && slow["sub"]?.utf8?.isEmpty == false, "no sub")
      case .authgearResolver: require(slow["sub"]?.utf8?.isEmpty == false, "no sub")
      }
      require(TokenIdentity(of: token).difference(from: token) == nil, "another token than itself")
    } catch {
      require(
        error.message.replacing("…", with: "").utf8.allSatisfy { (0x20...0x7E).contains($0) }
          && error.message.utf8.count < 500, "unfit for a log: \(error.message)")
    }
  }
}
