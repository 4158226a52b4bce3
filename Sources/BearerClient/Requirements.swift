internal import BearerJSON

/// What a token must satisfy besides the daemon's policy; these tighten the policy and never loosen it.
public struct Requirements: Equatable, Sendable {
  /// The policy's name; nil: the daemon's `default`.
  public var policy: String?
  /// Any of these must be among the token's audiences; empty: as the policy says.
  public var audience: [String] = []
  /// Scopes that the token must have all of, besides the policy's; empty: as the policy says.
  public var scope: [String] = []
  /// Roles that the token must have all of, besides the policy's; empty: as the policy says.
  public var roles: [String] = []
  /// The most seconds since the user authenticated (`auth_time`, OpenID Connect Core section 2).
  public var maxAge: Int?
  /// Authentication contexts of which the token must show one (RFC 9470); empty: as the policy says.
  public var acrValues: [String] = []
  /// The `nonce` that an ID token must carry.
  public var nonce: String?
  /// The most milliseconds, 1 to 10000, that the daemon may wait for keys that it does not have yet.
  public var deadlineMilliseconds: Int?

  /// The requirements of a policy, and nothing besides.
  public init(policy: String? = nil) {
    self.policy = policy
  }

  /// The members of a request that say this.
  var members: [JSONObject.Member] {
    var members: [JSONObject.Member] = []
    func add(_ name: String, _ value: JSONValue?) {
      if let value { members.append(.init(name: name, value: value)) }
    }
    add("policy", policy.map(JSONValue.string))
    add("audience", audience.isEmpty ? nil : .array(audience.map(JSONValue.string)))
    add("scope", scope.isEmpty ? nil : .string(scope.joined(separator: " ")))
    add("roles", roles.isEmpty ? nil : .array(roles.map(JSONValue.string)))
    add("max_age", maxAge.map { .number(JSONNumber(Int64($0))) })
    add("acr_values", acrValues.isEmpty ? nil : .string(acrValues.joined(separator: " ")))
    add("nonce", nonce.map(JSONValue.string))
    add("deadline_ms", deadlineMilliseconds.map { .number(JSONNumber(Int64($0))) })
    return members
  }
}
