package import BearerJSON

/// The members by which an answer that is about another token shows.
///
/// A back-end, or a balancer in front of it, that answers one request late would have one user's token speak for
/// another's.
package struct TokenIdentity: Equatable, Sendable {
  private var members: [String: JSONValue] = [:]

  /// What tells a JWT from others: `sub`, `iss`, `client_id`, `azp`, `jti`, `exp`.
  package init(ofJWT tape: JSONTape, _ bytes: Span<UInt8>) {
    self.init(of: ["sub", "iss", "client_id", "azp", "jti", "exp"], tape, bytes)
  }

  /// What stays the same of one opaque token from answer to answer: `sub`, `client_id`, `iat`, `jti`.
  package init(of answer: ActiveToken) {
    let bytes = answer.bytes
    self.init(of: ["sub", "client_id", "iat", "jti"], answer.tape, bytes.span)
  }

  private init(of names: [String], _ tape: JSONTape, _ bytes: Span<UInt8>) {
    for name in names { members[name] = Self.value(name, tape, bytes) }
  }

  /// The first member that both have and that differs.
  package func difference(from answer: ActiveToken) -> String? {
    let bytes = answer.bytes
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      guard let found = Self.value(name, answer.tape, bytes.span) else { continue }
      if !Self.isSame(value, found) { return name }
    }
    return nil
  }

  private static func value(_ name: String, _ tape: JSONTape, _ bytes: Span<UInt8>) -> JSONValue? {
    guard let index = tape.value(of: Array(name.utf8), bytes), tape[index].kind != .null else { return nil }
    return JSONValue(tape, index, bytes)
  }

  /// Whether both say the same; times to the second, for servers round them.
  private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    guard case .number(let left) = left, case .number(let right) = right else { return left == right }
    guard let first = Double(left.text), let second = Double(right.text) else { return false }
    return abs(first - second) < 1
  }
}
