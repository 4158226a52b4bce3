/// Why a token is not good: the codes of the category `token`, as the wire protocol names them.
package enum TokenCode: String, CaseIterable, Sendable {
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
  /// The issuer's back-end does not call the token active (RFC 7662 section 2.2).
  case inactiveToken = "inactive_token"
  /// Reserved: no reply has it yet.
  case revoked
}

/// Why a good token is not good enough here: the codes of the category `policy`.
package enum PolicyCode: String, CaseIterable, Sendable {
  case insufficientUserAuthentication = "insufficient_user_authentication"
  case insufficientScope = "insufficient_scope"
}
