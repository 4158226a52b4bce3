import BearerClaims

/// The claims besides `iss` that name a token's tenant.
///
/// Entra is the only provider with tenants in its names, and these are its claims (Microsoft identity platform, access
/// token claims reference: `iss`, `tid`, `ver`).
struct TenantClaims: Equatable {
  /// What `tid` must be.
  private let tenant: [UInt8]
  /// What `ver` must be.
  ///
  /// The settings of the API decide which version its tokens have, and each version has another `iss`.
  private let version: [UInt8]

  /// The claims of a tenant in tokens with this `iss`.
  init(of tenant: String, in name: String) {
    self.tenant = Array(tenant.utf8)
    version = Array((name.hasSuffix("/v2.0") ? "2.0" : "1.0").utf8)
  }

  /// Refuses a token in which these claims have other values.
  func check(_ claims: ClaimSet) throws(Rejection) {
    guard claims.string("tid", is: tenant) else {
      throw Rejection(.unknownIssuer, "The token's tid is not the tenant of its iss.", claim: "tid")
    }
    guard claims.string("ver", is: version) else {
      throw Rejection(.unknownIssuer, "The token's ver is not that of its iss.", claim: "ver")
    }
  }
}
