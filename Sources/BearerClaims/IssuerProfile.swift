/// How one issuer's claims deviate from the RFCs; keys of an `[issuer.NAME]` table of the configuration.
package struct IssuerProfile: Equatable, Sendable {
  /// Claims in which scopes are read, where the policy names none; two of them in one token must say the same.
  package var scopeClaims: [String]?
  /// Claims that name the client, instead of `client_id` and `azp`; the first that is present counts.
  package var clientClaims: [String]?
  /// Claims that hold the token's id, instead of `jti`; the first that is present counts.
  package var tokenIDClaims: [String]?
  /// Where the user's or client's roles are, if the issuer tells them.
  package var rolesClaim: ClaimPath?
  /// The rule that makes a token an access token although its `typ` does not.
  package var accessTokenRule: KindRule?
  /// The rule that makes a token an ID token.
  package var idTokenRule: KindRule?

  /// The rule for tokens that look like JWTs although their issuer wants nobody to verify them.
  package var opaqueRule: KindRule?
  /// Accepted values of `iss` besides the issuer's url.
  package var urlAliases: [String]?
  /// The ids of accepted tenants, for an issuer that has a name for each tenant.
  package var tenants: [String]?

  /// No deviation.
  package init() {}
}

/// Where a value is in claims.
package struct ClaimPath: Equatable, Sendable {
  /// The names of members, the outermost first; never empty.
  package var names: [String]

  /// The path of these names.
  package init(_ names: [String]) {
    self.names = names
  }

  /// A path as text: dots separate names, but a text with a colon, as in a URL or URN, is one name.
  package init(_ text: String) {
    self.init(
      text.utf8.contains(UInt8(ascii: ":"))
        ? [text] : text.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
  }

  /// The text that ``init(_:)`` reads as this path; `nil` if there is none.
  package var text: String? {
    let text = names.joined(separator: ".")
    return ClaimPath(text) == self ? text : nil
  }
}

/// A profile made ready for comparing bytes, once, when the configuration is read.
///
/// A class, so that it is handed from check to check at the cost of one reference.
package final class PreparedProfile: Sendable {
  let scopeClaims: [[UInt8]]?
  let clientClaims: [[UInt8]]?
  let tokenIDClaims: [[UInt8]]?
  let rolesClaim: [[UInt8]]?
  /// The name of ``rolesClaim`` in errors.
  let rolesName: String
  let accessTokenRule: PreparedKindRule?
  let idTokenRule: PreparedKindRule?
  let opaqueRule: PreparedKindRule?
  /// Whether the issuer's keys may be for some of its tenants only.
  package let hasTenants: Bool

  /// A profile made ready; `nil` if it deviates in nothing.
  ///
  /// - Parameters:
  ///   - profile: The profile.
  ///   - isOfAnswers: Whether it is for a back-end's answers. There the names of RFC 7662 section 2.2 count as well,
  ///     whatever the names in the issuer's tokens.
  package init?(_ profile: IssuerProfile, isOfAnswers: Bool = false) {
    if profile == IssuerProfile() { return nil }
    func names(_ names: [String]?, _ usual: String...) -> [[UInt8]]? {
      names.map { ($0 + (isOfAnswers ? usual : [])).map { Array($0.utf8) } }
    }
    scopeClaims = names(profile.scopeClaims, "scope", "scp")
    clientClaims = names(profile.clientClaims, "client_id", "azp")
    tokenIDClaims = names(profile.tokenIDClaims, "jti")
    rolesClaim = profile.rolesClaim?.names.map { Array($0.utf8) }
    rolesName = profile.rolesClaim?.names.joined(separator: ".") ?? "roles"
    accessTokenRule = profile.accessTokenRule.map(PreparedKindRule.init)
    idTokenRule = profile.idTokenRule.map(PreparedKindRule.init)
    opaqueRule = profile.opaqueRule.map(PreparedKindRule.init)
    hasTenants = profile.tenants != nil
  }
}
