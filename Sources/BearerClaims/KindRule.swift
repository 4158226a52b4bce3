import BearerJSON

/// Tells one kind of an issuer's tokens by its claims: every term must hold.
///
/// Most providers send access tokens and ID tokens whose `typ` is `JWT`, so that only a claim tells them apart.
package struct KindRule: Equatable, Sendable {
  /// A condition on one claim.
  package enum Condition: Equatable, Sendable {
    /// The claim is present and not `null`.
    case present(String)
    /// The claim is absent or `null`.
    case absent(String)
    /// The claim is this text.
    case equals(String, String)
  }

  /// The terms: one condition of each must hold, and neither list is empty.
  package var terms: [[Condition]]

  /// A rule from its terms as they are written: `claim`, `!claim` or `claim=text`, with `|` between alternatives.
  ///
  /// It is `nil` if a term lacks a claim or text.
  ///
  /// - Parameter texts: The terms; never empty.
  package init?(_ texts: [String]) {
    terms = []
    for text in texts {
      let conditions = text.split(separator: "|", omittingEmptySubsequences: false).map { Condition(String($0)) }
      guard !conditions.contains(nil) else { return nil }
      terms.append(conditions.compactMap(\.self))
    }
  }

  /// The terms as they are written.
  package var texts: [String] { terms.map { $0.map(\.text).joined(separator: "|") } }
}

extension KindRule.Condition {
  fileprivate init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy({ !$0.isEmpty && $0 != "!" }) else { return nil }
    if parts.count == 2 {
      self = .equals(parts[0], parts[1])
    } else {
      self = text.hasPrefix("!") ? .absent(String(text.dropFirst())) : .present(text)
    }
  }

  fileprivate var text: String {
    switch self {
    case .present(let claim): claim
    case .absent(let claim): "!\(claim)"
    case .equals(let claim, let text): "\(claim)=\(text)"
    }
  }
}

/// A rule made ready for comparing bytes.
struct PreparedKindRule: Sendable {
  private enum Condition: Sendable {
    case present([UInt8])
    case absent([UInt8])
    case equals([UInt8], [UInt8])

    init(_ condition: KindRule.Condition) {
      self =
        switch condition {
        case .present(let claim): .present(Array(claim.utf8))
        case .absent(let claim): .absent(Array(claim.utf8))
        case .equals(let claim, let text): .equals(Array(claim.utf8), Array(text.utf8))
        }
    }

    func holds(of claims: ClaimSet) -> Bool {
      switch self {
      case .present(let name): claims.value(of: name) != nil
      case .absent(let name): claims.value(of: name) == nil
      case .equals(let name, let text):
        claims.value(of: name).map { claims.tape.string($0, equals: text, claims.bytes.span) } ?? false
      }
    }
  }

  private let terms: [[Condition]]

  init(_ rule: KindRule) { terms = rule.terms.map { $0.map(Condition.init) } }

  func holds(of claims: ClaimSet) -> Bool { terms.allSatisfy { $0.contains { $0.holds(of: claims) } } }
}

extension PreparedProfile {
  /// Whether there is a rule for some kind.
  package var hasKindRules: Bool { accessTokenRule != nil || idTokenRule != nil || opaqueRule != nil }

  /// Judges the kind of a token whose `typ` leaves it open, or says that it is an access token by RFC 9068.
  ///
  /// A rule decides where `typ` does not, but a token with claims that only other kinds have is never an access token.
  /// A token that fits the other kind's rule is refused whatever its `typ` says, so one that fits both rules is
  /// neither.
  ///
  /// - Parameters:
  ///   - claims: The token's claims.
  ///   - kind: What the policy accepts.
  ///   - isTyped: Whether `typ` is that of RFC 9068.
  /// - Throws: `wrong_type`; `opaque_token` if the issuer's tokens of this kind must not be verified.
  package func requireKind(of claims: ClaimSet, _ kind: TokenType, isTyped: Bool) throws(Rejection) {
    if kind != .id, opaqueRule?.holds(of: claims) == true {
      throw Rejection(
        .opaqueToken,
        "The issuer's opaque_if holds: only the issuer itself may read this token, although it looks like a JWT. Have the client ask for one that is meant for an API; in Okta, from a custom authorization server, whose url has /oauth2/ in it."
      )
    }
    if kind == .id {
      guard idTokenRule?.holds(of: claims) ?? true else {
        throw Rejection(.wrongType, "The issuer's id_token_if does not hold: the token is not an ID token.")
      }
      if accessTokenRule?.holds(of: claims) == true {
        throw Rejection(.wrongType, "The issuer's access_token_if holds: the token is an access token.")
      }
      return
    }
    if kind == .access, !isTyped {
      guard accessTokenRule?.holds(of: claims) == true else {
        throw Rejection(.wrongType, "The token's typ is not at+jwt, and the issuer's access_token_if does not hold.")
      }
      try claims.refuseOtherKinds(than: .any)
    }
    if idTokenRule?.holds(of: claims) == true {
      throw Rejection(.wrongType, "The issuer's id_token_if holds: the token is an ID token.")
    }
  }
}
