/// What kind of token a policy accepts.
package enum TokenType: String, CaseIterable, Sendable {
  /// A JWT access token (RFC 9068).
  case access
  /// An ID token (OpenID Connect Core 1.0 section 2).
  case id
  /// Any signed JWT that is not a logout or ID token.
  case any
}

/// A value that a policy may demand of a claim.
package enum ClaimValue: Hashable, Sendable {
  case string(String)
  case integer(Int64)
  case boolean(Bool)
}

/// One `claims` entry of a policy: the claim equals one of the values, or is a list that holds one of them.
package struct ClaimRequirement: Equatable, Sendable {
  /// The claim's name.
  package var claim: String
  /// The values of which one must be found; never empty.
  package var anyOf: [ClaimValue]

  /// Demands that `claim` has one of `anyOf`.
  package init(claim: String, anyOf: [ClaimValue]) {
    self.claim = claim
    self.anyOf = anyOf
  }
}

/// What must hold for a token to be accepted, beyond its signature; a `[policy.NAME]` table of the configuration.
package struct Policy: Equatable, Sendable {
  /// The table's name; what a request's `policy` names.
  package var name: String
  /// Short names of the issuers whose tokens are accepted; never empty.
  package var issuers: [String]
  /// Accepted audiences, any of; empty only if `checksAudience` is false.
  package var audiences: [String]
  /// Whether `aud` is checked.
  package var checksAudience: Bool
  /// The kind of token.
  package var tokenType: TokenType
  /// Tolerance of every comparison of times; at most 5 minutes.
  package var leeway: Duration
  /// Scopes that must all be granted.
  package var scopes: [String]
  /// Claims in which scopes are read.
  package var scopeClaims: [String]
  /// Accepted clients, any of; empty accepts all.
  package var clients: [String]
  /// Claims that must be present and not null.
  package var requiredClaims: [String]
  /// Values that claims must have.
  package var claims: [ClaimRequirement]
  /// How long ago the user may have authenticated (`auth_time`), if that is limited.
  package var maximumAge: Duration?
  /// Accepted authentication context classes (`acr`), any of; empty accepts all.
  package var acrValues: [String]
  /// Whether a sender-constrained token (`cnf`) is refused.
  package var refusesSenderConstrained: Bool
  /// The `realm` of `www_authenticate`, if any.
  package var realm: String?
  /// The `resource_metadata` of `www_authenticate` (RFC 9728 section 5.1), if any.
  package var resourceMetadata: String?

  /// A policy with the configuration's defaults for all that is not given.
  package init(
    name: String, issuers: [String], audiences: [String], checksAudience: Bool = true,
    tokenType: TokenType = .access, leeway: Duration = .seconds(30), scopes: [String] = [],
    scopeClaims: [String] = ["scope", "scp"], clients: [String] = [], requiredClaims: [String] = [],
    claims: [ClaimRequirement] = [], maximumAge: Duration? = nil, acrValues: [String] = [],
    refusesSenderConstrained: Bool = true, realm: String? = nil, resourceMetadata: String? = nil
  ) {
    self.name = name
    self.issuers = issuers
    self.audiences = audiences
    self.checksAudience = checksAudience
    self.tokenType = tokenType
    self.leeway = leeway
    self.scopes = scopes
    self.scopeClaims = scopeClaims
    self.clients = clients
    self.requiredClaims = requiredClaims
    self.claims = claims
    self.maximumAge = maximumAge
    self.acrValues = acrValues
    self.refusesSenderConstrained = refusesSenderConstrained
    self.realm = realm
    self.resourceMetadata = resourceMetadata
  }
}
