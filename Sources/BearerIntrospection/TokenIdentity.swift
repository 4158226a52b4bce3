package import BearerClaims
import BearerJSON

/// The members that show whether an answer is about another token.
///
/// If a back-end, or a balancer in front of it, mixes up answers, one user's token would count as another's.
package struct TokenIdentity: Equatable, Sendable {
  private var members: [String: JSONValue] = [:]

  /// What tells a JWT from others: `sub`, `iss`, `client_id`, `azp`, `jti`, `exp`.
  package init(ofJWT claims: ClaimSet) {
    self.init(of: ["sub", "iss", "client_id", "azp", "jti", "exp"], claims)
  }

  /// What stays the same of one opaque token from answer to answer: `sub`, `client_id`, `iat`, `jti`.
  package init(of answer: ActiveToken) {
    self.init(of: ["sub", "client_id", "iat", "jti"], answer.claims)
  }

  private init(of names: [String], _ claims: ClaimSet) {
    for name in names { members[name] = Self.value(name, claims) }
  }

  /// The first member that both have and that differs.
  ///
  /// - Parameters:
  ///   - answer: What was said of the token.
  ///   - askerID: The name of this daemon's own client: a `client_id` equal to it is ignored, because Authentik answers
  ///     with the asker's.
  /// - Returns: Its name; `nil` if there is none.
  package func difference(from answer: ActiveToken, askedAs askerID: String = "") -> String? {
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      guard let found = Self.value(name, answer.claims) else { continue }
      if name == "client_id", !askerID.isEmpty, found == .string(askerID) { continue }
      if !Self.isSame(value, found) { return name }
    }
    return nil
  }

  private static func value(_ name: String, _ claims: ClaimSet) -> JSONValue? {
    let bytes = claims.bytes
    guard let index = claims.tape.value(of: Array(name.utf8), bytes.span), claims.tape[index].kind != .null else {
      return nil
    }
    return JSONValue(claims.tape, index, bytes.span)
  }

  /// Whether both say the same; times to the second, because servers round them.
  private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    guard case .number(let left) = left, case .number(let right) = right else { return left == right }
    guard let first = Double(left.text), let second = Double(right.text) else { return false }
    return abs(first - second) < 1
  }
}
