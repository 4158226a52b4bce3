package import BearerClaims

/// One value of `iss` that an issuer's tokens may have.
///
/// A provider of many tenants puts each tenant's id into `iss`. Its discovery document has a template there; Entra's is
/// `https://login.microsoftonline.com/{tenantid}/v2.0`. The operator lists the accepted tenants: if a token could bring
/// its own, anybody with an account at the provider could get tokens that are accepted.
package struct IssuerName: Equatable, Sendable {
  /// Stands for the tenant's id in a template.
  package static let placeholder = "{tenantid}"

  /// The value, compared byte for byte (OpenID Connect Core 1.0 section 3.1.3.7, point 2).
  package let text: String
  let bytes: [UInt8]
  /// What other claims of a tenant's token must say; `nil` for an issuer without tenants.
  let tenantClaims: TenantClaims?

  /// Whether a name is a template.
  package static func isTemplate(_ name: String) -> Bool {
    // Almost none is. Searching each url for the whole text took a seventh of the time of a large reload.
    name.utf8.contains(UInt8(ascii: "{")) && name.contains(placeholder)
  }

  /// The names of an issuer.
  ///
  /// - Parameters:
  ///   - url: The issuer's url, or template.
  ///   - profile: Its other names, and its tenants.
  /// - Returns: One for each name, and of a template one for each tenant.
  package static func all(of url: String, _ profile: IssuerProfile) -> [IssuerName] {
    let tenants = profile.tenants ?? []
    return ([url] + (profile.urlAliases ?? [])).flatMap { name -> [IssuerName] in
      isTemplate(name)
        ? tenants.map { IssuerName(name.replacing(placeholder, with: $0), tenant: $0) }
        : [IssuerName(name, tenant: tenants.first(where: name.contains))]
    }
  }

  private init(_ text: String, tenant: String?) {
    self.text = text
    bytes = Array(text.utf8)
    tenantClaims = tenant.map { TenantClaims(of: $0, in: text) }
  }
}
