/// What happens to a JWT with a good signature while the back-end cannot tell whether it was revoked.
package enum RecheckFailure: String, CaseIterable, Sendable {
  /// It is accepted.
  case allow
  /// It is refused.
  case refuse
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
  package var checksAudience = true
  /// The kind of token.
  package var tokenType = TokenType.access
  /// Tolerance of every comparison of times; at most 5 minutes.
  package var leeway = Duration.seconds(30)
  /// Scopes that must all be granted.
  package var scopes: [String] = []
  /// Claims in which scopes are read; `nil` for those of the token's issuer.
  package var scopeClaims: [String]?
  /// Roles that must all be granted.
  package var roles: [String] = []
  /// Accepted clients, any of; empty accepts all.
  package var clients: [String] = []
  /// Claims that must be present and not null.
  package var requiredClaims: [String] = []
  /// Values that claims must have.
  package var claims: [ClaimRequirement] = []
  /// How long ago the user may have authenticated (`auth_time`), if that is limited.
  package var maximumAge: Duration?
  /// Accepted authentication context classes (`acr`), any of; empty accepts all.
  package var acrValues: [String] = []
  /// Whether a sender-constrained token (`cnf`) is refused.
  package var refusesSenderConstrained = true
  /// Whether opaque tokens are accepted (`opaque`), which the issuer's back-end is asked about.
  package var acceptsOpaque = false
  /// The least time between two questions to the back-end about one JWT (`recheck`); `nil` for no questions.
  package var recheck: Duration?
  /// What happens to a JWT while the back-end cannot tell (`recheck_failure`).
  package var recheckFailure: RecheckFailure?
  /// The `realm` of `www_authenticate`, if any.
  package var realm: String?
  /// The `resource_metadata` of `www_authenticate` (RFC 9728 section 5.1), if any.
  package var resourceMetadata: String?

  /// A policy with the configuration's defaults.
  ///
  /// - Parameters:
  ///   - name: The table's name.
  ///   - issuers: Short names of the issuers whose tokens are accepted.
  ///   - audiences: Accepted audiences.
  ///   - change: Sets what differs from the defaults.
  package init(
    name: String, issuers: [String], audiences: [String], _ change: (inout Policy) -> Void = { _ in }
  ) {
    self.name = name
    self.issuers = issuers
    self.audiences = audiences
    change(&self)
  }
}
