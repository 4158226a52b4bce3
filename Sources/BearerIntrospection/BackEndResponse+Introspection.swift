import BearerClaims
import BearerJSON

/// The answer of RFC 7662 section 2.2.
extension BackEndResponse {
  func introspected() throws(BackEndFault) -> TokenStatus {
    guard status == 200 else { throw statusFault() }
    let answer = try object()
    let bytes = answer.bytes
    let tape = answer.tape
    guard let active = tape.value(of: "active", bytes.span) else { throw badAnswer("an object that has no active") }
    switch tape[active].kind {
    // The rest of an inactive answer is ignored (RFC 7662 section 2.2: it should say nothing).
    case .false: return .inactive
    case .true: break
    // Some servers write "false" as a string, which a test for truth would take for a yes.
    default:
      throw badAnswer("an active that is \(Self.article(tape[active].kind)) and no boolean", advice: Self.followRFC)
    }
    for name in ["exp", "iat", "nbf", "auth_time"] { try checkDate(name, answer) }
    for name in ["iss", "sub", "client_id", "azp", "jti", "username", "token_type", "token_use", "typ", "acr"] {
      try check(name, answer) { $0.kind == .string }
    }
    try check("cnf", answer) { $0.kind == .object }
    for name in ["aud", "scope"] {
      try check(name, answer) { node in node.kind == .string || node.kind == .array }
      try checkElements(name, answer)
    }
    return .active(ActiveToken(answer))
  }

  private func check(
    _ name: String, _ answer: ClaimSet, _ isGood: (JSONTape.Node) -> Bool
  ) throws(BackEndFault) {
    guard let node = value(of: name, answer).map({ answer.tape[$0] }), !isGood(node) else { return }
    throw badAnswer("\(name) as \(Self.article(node.kind))", advice: Self.followRFC)
  }

  private func checkDate(_ name: String, _ answer: ClaimSet) throws(BackEndFault) {
    try check(name, answer) { $0.kind == .number }
    let bytes = answer.bytes
    guard let index = value(of: name, answer), NumericDate(answer.tape, index, bytes.span) == nil else { return }
    throw badAnswer("\(name) that is no time in seconds", advice: Self.followRFC)
  }

  private func checkElements(_ name: String, _ answer: ClaimSet) throws(BackEndFault) {
    guard let index = value(of: name, answer), answer.tape[index].kind == .array else { return }
    var at = index + 1
    while at < Int(answer.tape[index].next) {
      guard answer.tape[at].kind == .string else {
        throw badAnswer("\(name) as a list that is not one of strings", advice: Self.followRFC)
      }
      at = Int(answer.tape[at].next)
    }
  }

  private static let followRFC = "have the provider follow RFC 7662 section 2.2"

  /// Where a member is; `nil` if it is not there, or `null`.
  private func value(of name: String, _ answer: ClaimSet) -> Int? {
    let bytes = answer.bytes
    guard let index = answer.tape.value(of: Array(name.utf8), bytes.span) else { return nil }
    return answer.tape[index].kind == .null ? nil : index
  }

  static func article(_ kind: JSONTape.NodeKind) -> String {
    switch kind {
    case .null: "null"
    case .true, .false: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
