/// What a request line asks.
package enum Request: Equatable, Sendable {
  /// May this token be trusted, and what does it say?
  case verify(TokenDemands)
  /// The same, answered as RFC 7662 would.
  case introspect(TokenDemands)
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
    "token", "authorization", "policy", "audience", "scope", "max_age", "acr_values", "nonce", "deadline_ms", "explain",
  ]
}

/// The members of a `verify` or `introspect` request besides the token itself.
package struct TokenDemands: Equatable, Sendable {
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
  /// `aud` must also hold one of these.
  package var audiences: [String]?
  /// Scopes to grant besides the policy's.
  package var scopes: [String] = []
  /// The greatest age of the user's authentication in seconds.
  package var maximumAge: Int64?
  /// Accepted authentication context classes.
  package var acrValues: [String]?
  /// The value of `nonce`.
  package var nonce: String?
  /// How long the reply may take, in milliseconds from the line's end.
  package var deadlineMilliseconds: Int64?
  /// Whether a trace of every check is wanted.
  package var explain = false

  /// Whether the request adds nothing to its policy, so that what was prepared for the policy serves.
  package var tightensNothing: Bool {
    audiences == nil && scopes.isEmpty && maximumAge == nil && acrValues == nil && nonce == nil
  }

  /// Demands nothing.
  package init() {}
}

/// Why a line is not a request that can be answered.
package struct RequestFault: Error, Equatable, Sendable {
  /// `invalid_json`, `invalid_request` or `unknown_op`.
  package var code: ReplyCode
  /// The member that is wrong or missing, if it is one.
  package var member: String?
  /// What is wrong, for people.
  package var message: String

  init(_ code: ReplyCode, _ message: String, member: String? = nil) {
    self.code = code
    self.member = member
    self.message = message
  }
}
