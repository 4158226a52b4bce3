/// How one issuer writes claims, where that is not the RFCs' way; keys of an `[issuer.NAME]` table of the configuration.
package struct IssuerProfile: Equatable, Sendable {
  /// Claims in which scopes are read, where the policy names none; two of them in one token must say the same.
  package var scopeClaims: [String]?
  /// Claims for the client, of which the first that is there counts, instead of `client_id`, else `azp`.
  package var clientClaims: [String]?
  /// Claims for the token's id, of which the first that is there counts, instead of `jti`.
  package var tokenIDClaims: [String]?
  /// Where the user's or client's roles are, if the issuer tells them.
  package var rolesClaim: ClaimPath?
  /// What makes a token an access token whose `typ` does not.
  package var accessTokenRule: KindRule?
  /// What makes a token an ID token.
  package var idTokenRule: KindRule?

  /// What makes a token one that the issuer does not want anybody to verify, although it looks like a JWT.
  package var opaqueRule: KindRule?
  /// Other values of `iss` than the issuer's url that its tokens may have.
  package var urlAliases: [String]?
  /// The tenants whose tokens count, by their ids, of an issuer that has one name for each.
  package var tenants: [String]?

  /// The RFCs' way.
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

  /// A path as one text: dots are between names, unless there is a colon, as there is in a URL or URN, which is one name.
  package init(_ text: String) {
    self.init(
      text.utf8.contains(UInt8(ascii: ":"))
        ? [text] : text.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
  }

  /// The path as ``init(_:)`` reads it; `nil` if no text gives these names.
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
  /// What errors call ``rolesClaim``.
  let rolesName: String
  let accessTokenRule: PreparedKindRule?
  let idTokenRule: PreparedKindRule?
  let opaqueRule: PreparedKindRule?
  /// Whether the issuer's keys may be for some of its tenants only.
  package let hasTenants: Bool

  /// A profile made ready; `nil` if there is nothing special about it.
  ///
  /// - Parameters:
  ///   - profile: The profile.
  ///   - isOfAnswers: Whether it is for a back-end's answers, whose members have the names of RFC 7662 section 2.2 whatever
  ///     the issuer's tokens have: these count as well.
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
