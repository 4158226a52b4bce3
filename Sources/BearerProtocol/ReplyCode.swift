package import BearerClaims

/// Every code that a reply's `error.code` can have, by its category; the list that protocol.md prints.
package enum ReplyCode: Hashable, Sendable {
  /// The request is wrong, or asks for what is not configured: the application's mistake.
  case request(RequestCode)
  /// The caller may not ask this.
  case forbidden(ForbiddenCode)
  /// The token is not good.
  case token(TokenCode)
  /// The token is good, but not good enough here.
  case policy(PolicyCode)
  /// It could not be decided; the token may be good.
  case unavailable(UnavailableCode)

  /// What kind of thing went wrong; a client that does not know a code goes by this.
  package enum Category: String, CaseIterable, Sendable {
    case request, forbidden, token, policy, unavailable
  }

  /// The code of a rejection.
  package init(_ code: Rejection.Code) {
    switch code {
    case .token(let code): self = .token(code)
    case .policy(let code): self = .policy(code)
    }
  }

  /// The code as it is written.
  package var rawValue: String {
    switch self {
    case .request(let code): code.rawValue
    case .forbidden(let code): code.rawValue
    case .token(let code): code.rawValue
    case .policy(let code): code.rawValue
    case .unavailable(let code): code.rawValue
    }
  }

  /// The code's category.
  package var category: Category {
    switch self {
    case .request: .request
    case .forbidden: .forbidden
    case .token: .token
    case .policy: .policy
    case .unavailable: .unavailable
    }
  }

  /// The HTTP status that an application should answer with (RFC 6750 section 3.1, RFC 9470 section 3).
  package var status: Int {
    switch self {
    case .token(.multipleCredentials): 400
    case .policy(.insufficientScope): 403
    case .token, .policy: 401
    case .unavailable: 503
    case .request, .forbidden: 500
    }
  }
}

extension ReplyCode: CaseIterable {
  /// All codes, in the protocol's order.
  package static let allCases =
    RequestCode.allCases.map(ReplyCode.request) + ForbiddenCode.allCases.map(ReplyCode.forbidden)
    + TokenCode.allCases.map(ReplyCode.token) + PolicyCode.allCases.map(ReplyCode.policy)
    + UnavailableCode.allCases.map(ReplyCode.unavailable)
}

/// Codes of the category `request`.
package enum RequestCode: String, CaseIterable, Sendable {
  case invalidJSON = "invalid_json"
  case requestTooLarge = "request_too_large"
  case invalidRequest = "invalid_request"
  case unknownOp = "unknown_op"
  case unknownPolicy = "unknown_policy"
  case unknownIssuerName = "unknown_issuer_name"
  /// A `reload` found a faulty configuration; the one in force stays.
  case configurationRefused = "configuration_refused"
}

/// Codes of the category `forbidden`.
package enum ForbiddenCode: String, CaseIterable, Sendable {
  case notPermitted = "not_permitted"
}

/// Codes of the category `unavailable`.
package enum UnavailableCode: String, CaseIterable, Sendable {
  case keysUnavailable = "keys_unavailable"
  /// The issuer's back-end could not be asked, or gave no answer that counts.
  case introspectionUnavailable = "introspection_unavailable"
  /// libcrypto could not check the signature.
  case verificationUnavailable = "verification_unavailable"
  case refreshFailed = "refresh_failed"
  case refreshLimited = "refresh_limited"
  case deadlineExceeded = "deadline_exceeded"
  /// Connections beyond a limit, or requests beyond a peer's rate; the token was not looked at.
  case tooManyConnections = "too_many_connections"
  case shuttingDown = "shutting_down"
}
