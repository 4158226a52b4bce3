package import BearerClaims

/// One value of `iss` that an issuer's tokens may have.
///
/// A provider of many tenants puts each one's id into its name: its discovery document has a template there, Entra's is
/// `https://login.microsoftonline.com/{tenantid}/v2.0`. Which tenants count is the operator's to say. A token that could
/// bring its own would be one of anybody who has an account with the provider.
package struct IssuerName: Equatable, Sendable {
  /// What stands in a template where the tenant's id belongs.
  package static let placeholder = "{tenantid}"

  /// The value, compared byte for byte (OpenID Connect Core 1.0 section 3.1.3.7, point 2).
  package let text: String
  let bytes: [UInt8]
  /// The tenant whose name it is, which `tid` must repeat; `nil` for an issuer without tenants.
  let tenant: [UInt8]?
  /// What `ver` must be in a tenant's token.
  ///
  /// The form of a token follows from its API's settings and not from who asked for it, and each form has a name of its own
  /// (Microsoft identity platform, access token claims reference: `iss`, `ver`).
  let version: [UInt8]

  /// The names of an issuer.
  ///
  /// - Parameters:
  ///   - url: The issuer's url, or template.
  ///   - profile: Its other names, and its tenants.
  /// - Returns: One for each name, or for each tenant in the place of a template's placeholder.
  package static func all(of url: String, _ profile: IssuerProfile) -> [IssuerName] {
    let tenants = profile.tenants ?? []
    return ([url] + (profile.urlAliases ?? [])).flatMap { name -> [IssuerName] in
      name.contains(placeholder)
        ? tenants.map { IssuerName(name.replacing(placeholder, with: $0), tenant: $0) }
        : [IssuerName(name, tenant: tenants.first(where: name.contains))]
    }
  }

  private init(_ text: String, tenant: String?) {
    self.text = text
    bytes = Array(text.utf8)
    self.tenant = tenant.map { Array($0.utf8) }
    version = Array((text.hasSuffix("/v2.0") ? "2.0" : "1.0").utf8)
  }

  /// Refuses a tenant's token whose other claims are not those of its name.
  func check(_ claims: ClaimSet) throws(Rejection) {
    guard let tenant else { return }
    guard claims.string("tid", is: tenant) else {
      throw Rejection(.unknownIssuer, "The token's tid is not the tenant of its iss.", claim: "tid")
    }
    guard claims.string("ver", is: version) else {
      throw Rejection(.unknownIssuer, "The token's ver is not that of its iss.", claim: "ver")
    }
  }
}
