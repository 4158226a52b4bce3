import BearerJSON

/// Scopes: the words of a string (RFC 8693 section 4.2), or the elements of a list.
///
/// A scope has no space in it (RFC 6749 section 3.3), so a list's element with a space is no scope: it grants nothing,
/// and `introspect` does not report it. Splitting it into words would report scopes that no check grants.
extension ClaimSet {
  func checkScope(_ question: ClaimQuestion) throws(Rejection) {
    let policy = question.policy
    if policy.policyScopes.isEmpty, policy.requestScopes.isEmpty { return }
    let granted = scopes(in: question.scopeClaims)
    guard policy.policyScopes.allSatisfy(granted.contains), policy.requestScopes.allSatisfy(granted.contains) else {
      throw Rejection(.insufficientScope, "The token does not grant every scope that is needed.", claim: "scope")
    }
  }

  /// The scopes that the token grants, each once, in their order.
  package func scopes(under policy: EffectivePolicy, _ profile: PreparedProfile?) -> [[UInt8]] {
    scopes(in: ClaimQuestion.scopeClaims(policy, profile)).distinct
  }

  /// Refuses a token in which two of the issuer's claims for scopes differ: nobody can tell which is meant.
  ///
  /// This is only for claims that the issuer's table names. Otherwise `scope` and `scp` may differ, and both count.
  func requireEqualScopes(_ question: ClaimQuestion) throws(Rejection) {
    guard question.evidence.source == .signature, question.policy.scopeClaims == nil,
      let names = question.evidence.profile?.scopeClaims
    else { return }
    var first: Set<[UInt8]>?
    for name in names {
      guard let value = tape.value(of: name, bytes.span), tape[value].kind != .null else { continue }
      let scopes = Set(scopes(in: [name]).distinct)
      if let first, first != scopes {
        throw Rejection(
          .malformedClaims, "Two claims for scopes say different things.",
          claim: String(decoding: name, as: UTF8.self))
      }
      first = scopes
    }
  }

  /// The scopes that these claims grant, in their order.
  func scopes(in names: [[UInt8]]) -> Scopes {
    var scopes = Scopes(text: bytes)
    for name in names {
      guard let value = tape.value(of: name, bytes.span) else { continue }
      _ = anyString(of: value) { index in
        scopes.add(tape, index, isElement: tape[value].kind == .array)
        return false
      }
    }
    return scopes
  }

  /// A claim for scopes that seems to hold several scopes and counts as none or one.
  func misspeltScopeClaim(in names: [[UInt8]]) -> String? {
    let name = names.first { name in
      guard let value = tape.value(of: name, bytes.span) else { return false }
      return anyString(of: value) { index in
        let text = tape.unescaped(index, bytes.span)
        return text.contains { $0 == 0x09 || $0 == 0x0A || $0 == 0x2C }
          || tape[value].kind == .array && text.contains(0x20)
      }
    }
    return name.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// The scopes that claims grant, found once for all that are demanded.
struct Scopes {
  /// The claims, followed by the unescaped text of strings that had escapes.
  private var text: [UInt8]
  private var words: [Range<Int>] = []

  init(text: [UInt8]) {
    self.text = text
  }

  /// Whether a scope is among them, byte for byte.
  func contains(_ scope: [UInt8]) -> Bool {
    words.contains { $0.count == scope.count && text.span.extracting($0).holdsSame(as: scope.span) }
  }

  /// Each scope once.
  var distinct: [[UInt8]] {
    var seen: Set<[UInt8]> = []
    return words.map { Array(text[$0]) }.filter { seen.insert($0).inserted }
  }

  /// Adds a string of the claims that the tape has read.
  mutating func add(_ tape: JSONTape, _ index: Int, isElement: Bool) {
    let node = tape[index]
    guard node.kind == .string else { return }
    var range = Int(node.start)..<Int(node.end)
    if node.hasEscapes {
      let value = tape.unescaped(index, text.span)
      range = text.count..<text.count + value.count
      text.append(contentsOf: value)
    }
    var start = range.lowerBound
    let before = words.count
    for at in range where text[at] == 0x20 {
      if at > start { words.append(start..<at) }
      start = at + 1
    }
    if range.upperBound > start { words.append(start..<range.upperBound) }
    if isElement, words.count > before, words.count > before + 1 || words[before] != range {
      words.removeLast(words.count - before)
    }
  }
}
