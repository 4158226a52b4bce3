/// The operations that requests name as `op`: a row each, and a file in `BearerDaemon/Answers/Operations` that answers it.
package enum Operation: CaseIterable, Sendable {
  /// May this token be trusted?
  case verify
  /// The same, answered as RFC 7662 would.
  case introspect
  /// Fetch keys.
  case refreshJWKS
  /// How the daemon is.
  case status
  /// Is anybody there?
  case ping
  /// What the daemon speaks.
  case hello
  /// Read the configuration anew.
  case reload

  /// Who may ask for an operation.
  package enum Callers: Sendable {
    /// Whoever may open the socket.
    case everybody
    /// Who has a `[peer]` table that allows it, if there are such tables.
    case permitted
    /// Who comes through `admin_socket`, and nobody else.
    case administrators
  }

  /// What is fixed about an operation.
  package typealias Row = (name: StaticString, members: [RequestMember], callers: Callers)

  /// The operation's row: its name, the members that it takes besides `op` and `id`, and who may ask for it.
  package var row: Row {
    switch self {
    case .verify: ("verify", RequestMember.ofTokens, .permitted)
    case .introspect: ("introspect", RequestMember.ofTokens, .permitted)
    case .refreshJWKS: ("refresh-jwks", [.issuer], .permitted)
    case .status: ("status", [.issuer], .permitted)
    case .ping: ("ping", [], .everybody)
    case .hello: ("hello", [], .everybody)
    case .reload: ("reload", [], .administrators)
    }
  }

  /// The name that requests have as `op`.
  package var name: String { row.name.description }
  /// The names of the members that it takes besides `op` and `id`.
  package var memberNames: [String] { row.members.map(\.name.description) }
}

/// The members of requests, besides `op` and `id` which all have.
package enum RequestMember: CaseIterable, Sendable {
  case token, authorization, policy, audience, scope, roles, maximumAge, acrValues, nonce, deadline, explain, issuer

  /// Those of requests about a token.
  static let ofTokens = Self.allCases

  /// The member as it is written.
  package var name: StaticString {
    switch self {
    case .token: "token"
    case .authorization: "authorization"
    case .policy: "policy"
    case .audience: "audience"
    case .scope: "scope"
    case .roles: "roles"
    case .maximumAge: "max_age"
    case .acrValues: "acr_values"
    case .nonce: "nonce"
    case .deadline: "deadline_ms"
    case .explain: "explain"
    case .issuer: "issuer"
    }
  }
}
