/// Why a token is refused: a stable code, the claim that shows it, and nothing that an attacker wrote.
package struct Rejection: Error, Equatable, Sendable {
  /// The stable code, by the category that it has in replies.
  package enum Code: Equatable, Sendable {
    /// The token is not good.
    case token(TokenCode)
    /// The token is good, but not good enough here.
    case policy(PolicyCode)
  }

  /// What is wrong with the user's authentication (RFC 9470).
  package enum Reason: String, CaseIterable, Sendable {
    case absent
    case future
    case tooOld = "too_old"
    case acr
  }

  /// The stable code.
  package var code: Code
  /// The claim that it is about; a registered name, or one that the policy names.
  package var claim: String?
  /// The reason, with `insufficient_user_authentication` only.
  package var reason: Reason?
  /// A fixed sentence for people.
  package var detail: StaticDetail

  /// The token is not good.
  package init(_ code: TokenCode, _ detail: StaticDetail, claim: String? = nil) {
    self.code = .token(code)
    self.detail = detail
    self.claim = claim
  }

  /// The token is good, but not good enough for the policy or the request.
  package init(_ code: PolicyCode, _ detail: StaticDetail, claim: String? = nil, reason: Reason? = nil) {
    self.code = .policy(code)
    self.detail = detail
    self.claim = claim
    self.reason = reason
  }

  /// Whether both say the same to a program; the detail is for people only.
  package static func == (left: Rejection, right: Rejection) -> Bool {
    left.code == right.code && left.claim == right.claim && left.reason == right.reason
  }
}

/// A sentence that was fixed when this was compiled, so that no byte of a token can get into it.
package struct StaticDetail: ExpressibleByStringLiteral, Sendable {
  /// The sentence.
  package let text: StaticString

  /// A detail from a literal.
  package init(stringLiteral value: StaticString) {
    text = value
  }
}
