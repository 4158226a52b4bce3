/// Why a token is refused: a stable code, where it shows, and nothing that an attacker wrote.
package struct Rejection: Error, Equatable, Sendable {
  /// The codes of the categories `token` and `policy`, as the wire protocol names them.
  package enum Code: String, CaseIterable, Sendable {
    case missingToken = "missing_token"
    case multipleCredentials = "multiple_credentials"
    case opaqueToken = "opaque_token"
    case malformedToken = "malformed_token"
    case unsupportedToken = "unsupported_token"
    case tokenTooLarge = "token_too_large"
    case invalidHeader = "invalid_header"
    case wrongType = "wrong_type"
    case unknownIssuer = "unknown_issuer"
    case algorithmNotAllowed = "algorithm_not_allowed"
    case unknownKey = "unknown_key"
    case badSignature = "bad_signature"
    case malformedClaims = "malformed_claims"
    case missingClaim = "missing_claim"
    case expired
    case notYetValid = "not_yet_valid"
    case issuedInFuture = "issued_in_future"
    case wrongAudience = "wrong_audience"
    case wrongClient = "wrong_client"
    case claimMismatch = "claim_mismatch"
    case wrongNonce = "wrong_nonce"
    case proofRequired = "proof_required"
    case insufficientUserAuthentication = "insufficient_user_authentication"
    case insufficientScope = "insufficient_scope"
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

  /// A rejection.
  package init(_ code: Code, _ detail: StaticDetail, claim: String? = nil, reason: Reason? = nil) {
    self.code = code
    self.detail = detail
    self.claim = claim
    self.reason = reason
  }

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
