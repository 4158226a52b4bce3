package import BearerClaims

/// What a request line asks.
package enum Request: Equatable, Sendable {
  /// May this token be trusted, and what does it say?
  case verify(TokenRequest)
  /// The same, answered as RFC 7662 would.
  case introspect(TokenRequest)
  /// Fetch the keys of one issuer, by url or short name, or of all.
  case refreshJWKS(issuer: String?)
  /// How the daemon and each issuer are.
  case status
  /// Is anybody there, and are the keys?
  case ping
  /// What this daemon speaks.
  case hello

  /// Which operation it is.
  package var operation: Operation {
    switch self {
    case .verify: .verify
    case .introspect: .introspect
    case .refreshJWKS: .refreshJWKS
    case .status: .status
    case .ping: .ping
    case .hello: .hello
    }
  }

  /// The names of the operations and of the members that each takes besides `op` and `id`.
  package static let operations: [(name: String, members: [String])] = [
    ("verify", RequestMember.ofTokenRequests),
    ("introspect", RequestMember.ofTokenRequests),
    ("refresh-jwks", ["issuer"]),
    ("status", []),
    ("ping", []),
    ("hello", []),
  ]
}

/// The members of requests about tokens.
enum RequestMember {
  static let ofTokenRequests = [
    "token", "authorization", "policy", "audience", "scope", "roles", "max_age", "acr_values", "nonce", "deadline_ms",
    "explain",
    "issuer",
  ]
}

/// The members of a `verify` or `introspect` request besides the token itself.
package struct TokenRequest: Equatable, Sendable {
  /// In which member the token came.
  package enum Credential: Equatable, Sendable {
    case token
    case authorization
    /// Both: RFC 6750 section 2 forbids more than one method for one request.
    case both
  }

  /// Where the token is; its bytes are the reader's `credential`.
  package var credential = Credential.token
  /// The policy by name; `nil` for the one named `default`.
  package var policy: String?
  /// The issuer, by short name or url, whose token it must be; an opaque token's back-end is found by it.
  package var issuer: String?
  /// What it adds to the policy.
  package var constraints = RequestConstraints()
  /// How long the reply may take, in milliseconds from the line's end.
  package var deadlineMilliseconds: Int64?
  /// Whether a trace of every check is wanted.
  package var explain = false

  /// Asks for no more than the policy.
  package init() {}
}

/// Why a line is not a request that can be answered.
package struct RequestFault: Error, Equatable, Sendable {
  /// `invalid_json`, `invalid_request` or `unknown_op`.
  package var code: RequestCode
  /// The member that is wrong or missing, if it is one.
  package var member: String?
  /// What is wrong, for people.
  package var message: String

  init(_ code: RequestCode, _ message: String, member: String? = nil) {
    self.code = code
    self.member = member
    self.message = message
  }
}
