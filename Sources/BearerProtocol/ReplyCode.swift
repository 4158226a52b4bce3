/// Every code that a reply's `error.code` can have; the list that protocol.md prints.
public enum ReplyCode: String, CaseIterable, Sendable {
  case invalidJSON = "invalid_json"
  case requestTooLarge = "request_too_large"
  case invalidRequest = "invalid_request"
  case unknownOp = "unknown_op"
  case unknownPolicy = "unknown_policy"
  case unknownIssuerName = "unknown_issuer_name"
  case notPermitted = "not_permitted"
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
  /// Reserved: no reply has it yet.
  case revoked
  case insufficientUserAuthentication = "insufficient_user_authentication"
  case insufficientScope = "insufficient_scope"
  case keysUnavailable = "keys_unavailable"
  case refreshFailed = "refresh_failed"
  case refreshLimited = "refresh_limited"
  case deadlineExceeded = "deadline_exceeded"
  /// Connections beyond a limit, or requests beyond a peer's rate; the token was not looked at.
  case tooManyConnections = "too_many_connections"
  case shuttingDown = "shutting_down"

  /// What kind of thing went wrong; a client that does not know a code goes by this.
  public enum Category: String, CaseIterable, Sendable {
    /// The request is wrong, or asks for what is not configured: the application's mistake.
    case request
    /// The caller may not ask this.
    case forbidden
    /// The token is not good.
    case token
    /// The token is good, but not good enough here.
    case policy
    /// It could not be decided; the token may be good.
    case unavailable
  }

  /// The code's category.
  public var category: Category {
    switch self {
    case .invalidJSON, .requestTooLarge, .invalidRequest, .unknownOp, .unknownPolicy, .unknownIssuerName: .request
    case .notPermitted: .forbidden
    case .insufficientUserAuthentication, .insufficientScope: .policy
    case .keysUnavailable, .refreshFailed, .refreshLimited, .deadlineExceeded, .tooManyConnections, .shuttingDown:
      .unavailable
    case .missingToken, .multipleCredentials, .opaqueToken, .malformedToken, .unsupportedToken, .tokenTooLarge,
      .invalidHeader, .wrongType, .unknownIssuer, .algorithmNotAllowed, .unknownKey, .badSignature, .malformedClaims,
      .missingClaim, .expired, .notYetValid, .issuedInFuture, .wrongAudience, .wrongClient, .claimMismatch,
      .wrongNonce, .proofRequired, .revoked:
      .token
    }
  }

  /// The HTTP status that an application should answer with (RFC 6750 section 3.1, RFC 9470 section 3).
  public var status: Int {
    switch (self, category) {
    case (.multipleCredentials, _): 400
    case (.insufficientScope, _): 403
    case (_, .token), (_, .policy): 401
    case (_, .unavailable): 503
    case (_, .request), (_, .forbidden): 500
    }
  }
}
