import BearerJSON

/// Claims that some issuers call by other names than the RFCs do.
extension ClaimSet {
  /// Where the client is: in the issuer's `client_claims` if configured, else in `client_id` or `azp`.
  package func client(_ profile: PreparedProfile?) -> Int? {
    firstClaim(of: profile?.clientClaims, or: registered.clientID ?? registered.authorizedParty)
  }

  /// Where the token's id is: in the issuer's `jti_claims` if configured, else in `jti`.
  package func tokenID(_ profile: PreparedProfile?) -> Int? {
    firstClaim(of: profile?.tokenIDClaims, or: registered.tokenID)
  }

  /// `auth_time`, if it is a time: its shape is checked only if a request or policy limits it.
  package var authenticationTime: Int? {
    registered.authenticationTime.date == nil ? nil : value(of: "auth_time")
  }

  /// `acr`, if it is a string: its shape is checked only if a request or policy demands values.
  package var authenticationContext: Int? {
    registered.authenticationContext.flatMap { tape[$0].kind == .string ? $0 : nil }
  }

  /// The first of these claims that is present and not `null`; `usual` if no names are given.
  func firstClaim(of names: [[UInt8]]?, or usual: Int?) -> Int? {
    guard let names else { return usual }
    for name in names {
      if let value = value(of: name) { return value }
    }
    return nil
  }

  func checkNames(_ profile: PreparedProfile?) throws(Rejection) {
    guard let profile else { return }
    for claim in [client(profile), tokenID(profile)] {
      try requireString(claim, claim.flatMap { tape.text($0 - 1, bytes.span) } ?? "")
    }
  }

  // MARK: Roles

  /// The issuer's claim for roles; `nil` if it has none or the token has none.
  private func roles(_ profile: PreparedProfile?) -> Int? {
    guard let path = profile?.rolesClaim else { return nil }
    var value = 0
    for name in path {
      guard let inner = tape.value(of: name, in: value, bytes.span), tape[inner].kind != .null else { return nil }
      value = inner
    }
    return value
  }

  /// Roles are a string, an object whose members' names are the roles, or a list of these.
  func checkShapeOfRoles(_ question: ClaimQuestion) throws(Rejection) {
    guard question.demandsRoles, let profile = question.evidence.profile, let roles = roles(profile) else { return }
    if anyString(of: roles, { tape[$0].kind != .object && tape[$0].kind != .string }) {
      throw Rejection(
        .malformedClaims, "The claim for roles is neither a string nor an object, nor a list of such.",
        claim: profile.rolesName)
    }
    if rolesGranted(roles).count > Self.maximumElements {
      throw Rejection(
        .malformedClaims, "A claim has more elements than can be looked through.", claim: profile.rolesName)
    }
  }

  func checkRoles(_ question: ClaimQuestion) throws(Rejection) {
    guard question.demandsRoles else { return }
    let profile = question.evidence.profile
    let granted = roles(profile).map(rolesGranted) ?? []
    for role in question.policy.policyRoles + question.policy.requestRoles
    where !granted.contains(where: { tape.string($0, equals: role, bytes.span) }) {
      throw Rejection(
        .insufficientScope, "The token does not grant every role that is needed.", claim: profile?.rolesName ?? "roles")
    }
  }

  /// The strings that are roles.
  private func rolesGranted(_ value: Int) -> [Int] {
    var roles: [Int] = []
    _ = anyString(of: value) { index in
      if tape[index].kind == .string { roles.append(index) }
      if tape[index].kind == .object {
        var name = index + 1
        while name < Int(tape[index].next) {
          roles.append(name)
          name = Int(tape[name + 1].next)
        }
      }
      return false
    }
    return roles
  }
}

extension ClaimQuestion {
  /// Whether the policy or the request demands roles.
  var demandsRoles: Bool { !policy.policyRoles.isEmpty || !policy.requestRoles.isEmpty }

  /// The claims in which scopes are read.
  var scopeClaims: [[UInt8]] { Self.scopeClaims(policy, evidence.profile) }

  /// The claims in which scopes are read: the policy's, else the issuer's, else `scope` and `scp`.
  static func scopeClaims(_ policy: EffectivePolicy, _ profile: PreparedProfile?) -> [[UInt8]] {
    policy.scopeClaims ?? profile?.scopeClaims ?? usualScopeClaims
  }

  private static let usualScopeClaims = [Array("scope".utf8), Array("scp".utf8)]
}
