import BearerClaims
package import BearerIntrospection
import BearerJOSE

/// A known provider: what its documents or its code say of its tokens, as values of the issuer's keys.
///
/// A preset does nothing that the keys of `[issuer.NAME]` could not do, and keys in the table override it. Every value
/// has its source beside it.
package enum Preset: String, CaseIterable, Sendable {
  case authgear, auth0, keycloak, okta, entra, cognito, google, zitadel, hydra

  /// Begins a table with the provider's settings.
  ///
  /// - Parameters:
  ///   - issuer: The table.
  ///   - url: Its url, for providers of several kinds of issuers.
  package func apply(to issuer: inout IssuerConfiguration, url: String) {
    issuer.preset = self
    switch self {
    case .authgear:
      // authgear-server pkg/lib/oauth/token_encoding.go: RS256, typ at+jwt, claims of RFC 9068.
      issuer.algorithms = [.rs256]
      // The same, GetUserInfo in pkg/lib/oauth/oidc/id_token.go: roles are a claim with a URL for a name.
      issuer.profile.rolesClaim = ClaimPath("https://authgear.com/claims/user/roles")
    case .auth0:
      // auth0.com/docs/get-started/applications/signing-algorithms: RS256, PS256, and HS256, which is never accepted.
      issuer.algorithms = [.rs256, .ps256]
      // auth0.com/docs/secure/tokens/access-tokens/access-token-profiles: by default azp and no jti, by RFC 9068 client_id.
      issuer.profile.clientClaims = ["client_id", "azp"]
      // The same; gty is in tokens of machines, permissions where RBAC is on. ID tokens have none of them
      // (auth0.com/docs/secure/tokens/id-tokens/id-token-structure).
      issuer.profile.accessTokenRule = KindRule(["azp|client_id", "scope|gty|permissions"])
      issuer.profile.idTokenRule = KindRule(["!client_id", "!scope", "!gty", "!permissions"])
      // auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis: permissions, a list.
      issuer.profile.rolesClaim = ClaimPath("permissions")
    case .keycloak:
      // keycloak core TokenUtil and services TokenManager: the payload's typ; that of the header is JWT unless a client's
      // switch access.token.header.type.rfc9068 is on. Algorithms are the realm's to choose.
      issuer.profile.accessTokenRule = KindRule(["typ=Bearer"])
      issuer.profile.idTokenRule = KindRule(["typ=ID"])
      // keycloak AccessToken: azp is the client; a service account's token has client_id as well.
      issuer.profile.clientClaims = ["client_id", "azp"]
      // keycloak AccessToken.Access: realm_access.roles, and resource_access.CLIENT.roles.
      issuer.profile.rolesClaim = ClaimPath("realm_access.roles")
    case .okta:
      // developer.okta.com/docs/guides/validate-access-tokens: RS256, a header without typ.
      issuer.algorithms = [.rs256]
      // developer.okta.com/docs/reference/api/oidc, access token and ID token claims: cid and scp are in access tokens only.
      issuer.profile.accessTokenRule = KindRule(["cid"])
      issuer.profile.idTokenRule = KindRule(["!cid"])
      issuer.profile.clientClaims = ["cid"]
      issuer.profile.scopeClaims = ["scp"]
      // developer.okta.com/docs/concepts/auth-servers: an access token of the org authorization server, whose url has no
      // /oauth2/, is for Okta alone, and its form may change.
      if !url.contains("/oauth2/") { issuer.profile.opaqueRule = KindRule(["cid"]) }
    case .entra:
      // learn.microsoft.com/entra/identity-platform/access-token-claims-reference and id-token-claims-reference, for all
      // of these: azpacr (v2.0) or appidacr (v1.0) say how a client authenticated and are in access tokens only.
      issuer.algorithms = [.rs256]
      issuer.profile.accessTokenRule = KindRule(["azpacr|appidacr"])
      issuer.profile.idTokenRule = KindRule(["!azpacr", "!appidacr"])
      issuer.profile.clientClaims = ["azp", "appid"]
      issuer.profile.tokenIDClaims = ["uti"]
      issuer.profile.scopeClaims = ["scp"]
      issuer.profile.rolesClaim = ClaimPath("roles")
      // The API chooses the version (accessTokenAcceptedVersion, v1.0 by default), whatever the endpoint.
      issuer.profile.urlAliases = ["https://sts.windows.net/\(IssuerName.placeholder)/"]
      if let tenant = Self.tenant(in: url) { issuer.profile.tenants = [tenant] }
    case .cognito:
      // docs.aws.amazon.com/cognito/latest/developerguide, "Understanding the access token" and "the identity token":
      // RS256, no typ, token_use, client_id, scope, cognito:groups. jti and origin_jti only with revocation on.
      issuer.algorithms = [.rs256]
      issuer.profile.accessTokenRule = KindRule(["token_use=access"])
      issuer.profile.idTokenRule = KindRule(["token_use=id"])
      issuer.profile.tokenIDClaims = ["jti", "origin_jti"]
      issuer.profile.rolesClaim = ClaimPath("cognito:groups")
    case .google:
      // developers.google.com/identity/openid-connect: RS256, iss with and without https://. Access tokens are opaque, so
      // that every JWT is an ID token.
      issuer.algorithms = [.rs256]
      issuer.profile.urlAliases = ["accounts.google.com"]
      issuer.profile.idTokenRule = KindRule(["iss"])
    case .zitadel:
      // zitadel/oidc pkg/oidc/token.go: NewAccessTokenClaims writes jti and nbf and no azp, NewIDTokenClaims azp and neither
      // of the others; zitadel internal/api/oidc/token.go makes every token of the one or the other. An operator's action
      // may add claims but change none of these (mergeAndMarshalClaims in pkg/oidc/util.go), so that none makes one kind
      // pass as the other. Nothing else would do: an ID token that was exchanged for an access token has neither
      // auth_time nor nonce nor at_hash (zitadel internal/api/oidc/token_exchange.go).
      issuer.profile.accessTokenRule = KindRule(["jti", "nbf", "!azp"])
      issuer.profile.idTokenRule = KindRule(["azp", "!nbf"])
      // The same: the client is client_id, which access tokens of old versions lack, and no token has scope. Roles are an
      // object (zitadel apps/docs/content/apis/openidoauth/claims.mdx).
      issuer.profile.clientClaims = ["client_id", "azp"]
      issuer.profile.rolesClaim = ClaimPath("urn:zitadel:iam:org:project:roles")
    case .hydra:
      // fosite token/jwt/claims_jwt.go: scp is a list, scope a string, and either or both are there; hydra oauth2/session.go
      // adds client_id to access tokens.
      issuer.profile.accessTokenRule = KindRule(["client_id", "scp|scope"])
      issuer.profile.idTokenRule = KindRule(["!scp", "!scope"])
      issuer.profile.scopeClaims = ["scope", "scp"]
    }
  }

  /// What to do instead of a kind of back-end that the provider does not have; `nil` for one that it may have.
  package func alternative(to kind: BackEndKind) -> String? {
    switch (self, kind) {
    case (.authgear, .authgearResolver): nil
    case (_, .authgearResolver): "\"rfc7662\" or \"userinfo\": the resolver is Authgear's"
    // Neither has an introspection endpoint in its documents or in its discovery document.
    case (.auth0, .rfc7662), (.cognito, .rfc7662), (.google, .rfc7662):
      "\"userinfo\", which knows tokens of users only; the provider has no RFC 7662 endpoint"
    // learn.microsoft.com/entra/identity-platform/userinfo: it is part of Microsoft Graph and takes Graph's tokens only.
    case (.entra, _): "no such table: nobody can be asked about Entra's tokens; it issues JWTs for every API of yours"
    default: nil
    }
  }

  /// What a policy has to say for this provider, which no preset can know.
  package var advice: String {
    switch self {
    case .authgear: "audiences: the project's address; of tokens of machines the resource's"
    case .auth0: "audiences: the API's identifier, and never a client's id, by which ID tokens are known"
    case .keycloak:
      "audiences: nothing but \"account\" is in aud until the client has an audience mapper, whose value belongs here"
    case .okta: "audiences: the authorization server's, such as api://default; its url has /oauth2/ in it"
    case .entra: "audiences: the API's client id, and in tokens of version 1.0 its application ID URI"
    case .cognito:
      "access tokens have no aud: set audience_check = false and name the app clients' ids in clients"
    case .google: "token_type = \"id\", and audiences: the client's id; Google's access tokens are opaque"
    case .zitadel:
      "audiences: the project's id, and roles in place of scopes, which its JWTs do not tell; access tokens must be switched to JWT for the application"
    case .hydra:
      "audiences: what clients ask for as audience; aud is empty otherwise. Access tokens must be switched to jwt"
    }
  }

  /// Whether the provider's access tokens have `aud`; its source is where the preset's are.
  package var hasAudiences: Bool { self != .cognito }

  // MARK: The provider of an issuer

  /// The provider of an issuer, by the form of its url; `nil` if that says nothing.
  package static func fitting(_ url: String) -> Preset? {
    let host =
      url.split(separator: "/").dropFirst().first.map { $0.split(separator: ":").first.map(String.init) ?? "" } ?? ""
    func isBelow(_ domains: String...) -> Bool { domains.contains { host.hasSuffix("." + $0) } }
    if host == "accounts.google.com" { return .google }
    if host == "login.microsoftonline.com" || host == "sts.windows.net" { return .entra }
    if host.hasPrefix("cognito-idp."), isBelow("amazonaws.com") { return .cognito }
    if isBelow("authgear.cloud", "authgearapps.com") { return .authgear }
    if isBelow("auth0.com") { return .auth0 }
    if isBelow("okta.com", "oktapreview.com", "okta-emea.com") { return .okta }
    if isBelow("zitadel.cloud") { return .zitadel }
    if isBelow("oryapis.com") { return .hydra }
    return url.contains("/realms/") ? .keycloak : nil
  }

  /// Whether a text is a tenant's id as tokens have it: a GUID in lower case (RFC 9562 section 4).
  static func isTenant(_ text: some StringProtocol) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return parts.map(\.count) == [8, 4, 4, 4, 12]
      && parts.joined().allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// The tenant in an issuer's url that is no template.
  private static func tenant(in url: String) -> String? {
    url.split(separator: "/").first(where: isTenant).map(String.init)
  }
}
