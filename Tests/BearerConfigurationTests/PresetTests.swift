import BearerClaims
import BearerIntrospection
import BearerJOSE
import BearerTOML
import Testing

@testable import BearerConfiguration

/// Tokens of the shapes that nine providers document, each in good form and broken in many ways, under their presets.
@Suite struct PresetTests {
  /// The claims of a token, each with its JSON text.
  typealias Claims = [String: String]

  /// A provider with the tokens that its documents show.
  struct Provider: Sendable, CustomTestStringConvertible {
    let preset: Preset
    let url: String
    var iss: String?
    var tenants: [String]?
    /// `typ` of access and of ID tokens.
    var types: (access: String?, id: String?) = ("JWT", "JWT")
    let access: Claims?
    let id: Claims
    /// What a policy for access tokens says besides.
    var policy: @Sendable (inout Policy) -> Void = { _ in }
    /// What makes the access token none, in the issuer's own way, with the answer.
    var spoilt: [(change: Claims, verdict: String)] = []

    var testDescription: String { preset.rawValue }
  }

  private static let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
  private static let other = "9188040d-6c67-4c5b-b112-36a304b66dad"

  private static let times = ["iat": "1000", "exp": "2000"]
  private static func claims(_ more: Claims) -> Claims { times.merging(more) { $1 } }

  static let providers: [Provider] = [
    Provider(
      preset: .authgear, url: "https://p.authgear.cloud", types: ("at+jwt", "JWT"),
      access: claims([
        "sub": #""u""#, "aud": #"["api"]"#, "client_id": #""app""#, "scope": #""openid read""#, "jti": #""j""#,
        "auth_time": "1000", "https://authgear.com/claims/user/roles": #"["admin","x"]"#,
      ]),
      id: claims(["sub": #""u""#, "aud": #"["app"]"#, "sid": #""s""#, "auth_time": "1000"]),
      spoilt: [(["jti": ""], "missing_claim jti"), (["client_id": ""], "missing_claim client_id")]),
    Provider(
      preset: .auth0, url: "https://t.eu.auth0.com/",
      access: claims([
        "sub": #""auth0|1""#, "aud": #"["api","https://t.eu.auth0.com/userinfo"]"#, "azp": #""app""#,
        "scope": #""openid read""#, "permissions": #"["admin"]"#,
      ]),
      id: claims(["sub": #""auth0|1""#, "aud": #""app""#, "sid": #""s""#, "name": #""N""#]),
      spoilt: [(["azp": ""], "wrong_type"), (["scope": "", "permissions": ""], "wrong_type")]),
    Provider(
      preset: .keycloak, url: "https://sso.example/realms/r",
      access: claims([
        "sub": #""u""#, "aud": #"["api","account"]"#, "azp": #""app""#, "typ": #""Bearer""#, "scope": #""openid read""#,
        "jti": #""j""#, "sid": #""s""#, "acr": #""1""#, "realm_access": #"{"roles":["admin","x"]}"#,
      ]),
      id: claims([
        "sub": #""u""#, "aud": #""app""#, "azp": #""app""#, "typ": #""ID""#, "sid": #""s""#, "jti": #""j""#,
      ]),
      spoilt: [
        (["typ": #""Refresh""#], "wrong_type"), (["typ": #""ID""#], "wrong_type"), (["typ": ""], "wrong_type"),
        (["typ": #""bearer""#], "wrong_type"), (["typ": #"["Bearer"]"#], "wrong_type"),
      ]),
    Provider(
      preset: .okta, url: "https://d.okta.com/oauth2/default", types: (nil, nil),
      access: claims([
        "sub": #""me@example.org""#, "aud": #""api""#, "cid": #""app""#, "uid": #""00u""#, "scp": #"["openid","read"]"#,
        "ver": "1", "jti": #""AT.x""#, "groups": #"["admin"]"#,
      ]),
      id: claims(["sub": #""00u""#, "aud": #""app""#, "ver": "1", "jti": #""ID.x""#, "amr": #"["pwd"]"#]),
      policy: { $0.roles = [] },
      spoilt: [(["cid": ""], "wrong_type"), (["cid": "null"], "wrong_type"), (["cid": "7"], "malformed_claims cid")]),
    Provider(
      preset: .entra, url: "https://login.microsoftonline.com/{tenantid}/v2.0",
      iss: "https://login.microsoftonline.com/\(tenant)/v2.0", tenants: [tenant],
      access: claims([
        "sub": #""p""#, "aud": #""api""#, "azp": #""app""#, "azpacr": #""1""#, "scp": #""openid read""#,
        "ver": #""2.0""#,
        "tid": "\"\(tenant)\"", "oid": #""o""#, "uti": #""x""#, "roles": #"["admin"]"#, "nbf": "1000",
      ]),
      id: claims([
        "sub": #""p""#, "aud": #""app""#, "ver": #""2.0""#, "tid": "\"\(tenant)\"", "uti": #""x""#,
        "roles": #"["admin"]"#,
      ]),
      spoilt: [
        (["azpacr": ""], "wrong_type"), (["tid": "\"\(other)\""], "unknown_issuer tid"),
        (["tid": ""], "unknown_issuer tid"),
        (["ver": #""1.0""#], "unknown_issuer ver"), (["ver": "2.0"], "unknown_issuer ver"),
        (["iss": "\"https://login.microsoftonline.com/\(other)/v2.0\"", "tid": "\"\(other)\""], "wrong_type"),
        (["iss": "\"https://login.microsoftonline.com/{tenantid}/v2.0\"", "tid": #""{tenantid}""#], "wrong_type"),
        (["iss": "\"https://sts.windows.net/\(tenant)/\""], "unknown_issuer ver"),
        (["iss": "\"https://login.microsoftonline.com/\(tenant)/v2.0/\""], "wrong_type"),
      ]),
    Provider(
      preset: .cognito, url: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x", types: (nil, nil),
      access: claims([
        "sub": #""u""#, "client_id": #""app""#, "token_use": #""access""#, "scope": #""openid read""#,
        "cognito:groups": #"["admin"]"#, "origin_jti": #""o""#, "jti": #""j""#, "auth_time": "1000",
        "username": #""n""#,
      ]),
      id: claims([
        "sub": #""u""#, "aud": #""app""#, "token_use": #""id""#, "auth_time": "1000", "cognito:username": #""n""#,
      ]),
      policy: {
        $0.checksAudience = false
        $0.audiences = []
      },
      spoilt: [
        (["token_use": #""id""#], "wrong_type"), (["token_use": ""], "wrong_type"),
        (["client_id": ""], "wrong_client client_id"),
      ]),
    Provider(
      preset: .google, url: "https://accounts.google.com", access: nil,
      id: claims(["sub": #""1""#, "aud": #""app""#, "azp": #""app""#, "hd": #""example.org""#])),
    Provider(
      preset: .zitadel, url: "https://i.zitadel.cloud",
      access: claims([
        "sub": #""7""#, "aud": #"["app","api"]"#, "client_id": #""app""#, "jti": #""6""#, "nbf": "1000",
        "urn:zitadel:iam:org:project:roles": #"{"admin":{"1":"a.example"}}"#,
      ]),
      id: claims([
        "sub": #""7""#, "aud": #"["app"]"#, "azp": #""app""#, "client_id": #""app""#, "auth_time": "1000",
        "amr": #"["pwd"]"#, "sid": #""s""#,
      ]),
      policy: { $0.scopes = [] },
      spoilt: [
        (["jti": ""], "wrong_type"), (["nbf": ""], "wrong_type"), (["azp": #""app""#], "wrong_type"),
        (["nbf": "null"], "wrong_type"),
      ]),
    Provider(
      preset: .hydra, url: "https://hydra.example/",
      access: claims([
        "sub": #""u""#, "aud": #"["api"]"#, "client_id": #""app""#, "scp": #"["openid","read"]"#, "jti": #""j""#,
        "nbf": "1000", "ext": "{}",
      ]),
      id: claims([
        "sub": #""u""#, "aud": #"["app"]"#, "auth_time": "1000", "rat": "1000", "jti": #""j""#, "sid": #""s""#,
      ]),
      policy: { $0.roles = [] },
      spoilt: [
        (["scp": ""], "wrong_type"), (["client_id": ""], "wrong_type"), (["aud": "[]"], "wrong_audience aud"),
        (["scope": #""openid""#], "malformed_claims scp"),
      ]),
  ]

  // MARK: Asking

  /// What is said of a token that lacks nothing but a key: `nil` if it is good, else the code and the claim.
  ///
  /// No key is needed: a token that fails any other check is never said to lack one.
  private func judge(
    _ provider: Provider, _ claims: Claims, as kind: TokenType, header: String? = nil, now: Int64 = 1500,
    _ change: (inout IssuerConfiguration) -> Void = { _ in }
  ) -> String? {
    var issuer = IssuerConfiguration(name: "p", url: provider.url)
    provider.preset.apply(to: &issuer, url: provider.url)
    issuer.profile.tenants = provider.tenants ?? issuer.profile.tenants
    change(&issuer)
    var policy = Policy(name: "p", issuers: ["p"], audiences: [kind == .access ? "api" : "app"]) {
      $0.tokenType = kind
      guard kind == .access else { return }
      $0.clients = ["app"]
      $0.scopes = ["read"]
      if provider.access != nil, provider.preset != .hydra, provider.preset != .okta { $0.roles = ["admin"] }
      provider.policy(&$0)
    }
    if kind == .any { (policy.checksAudience, policy.audiences) = (false, []) }
    let type = kind == .id ? provider.types.id : provider.types.access
    let usual = type.map { #"{"alg":"RS256","typ":"\#($0)"}"# } ?? #"{"alg":"RS256"}"#
    let iss = "\"\(provider.iss ?? provider.url)\""
    let payload = ["iss": iss].merging(claims) { $1 }.filter { !$0.value.isEmpty }
      .map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    let token =
      [header ?? usual, "{\(payload)}"].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".") + ".AAAA"
    let issuers = IssuerTable([
      Issuer(name: "p", url: issuer.url, algorithms: issuer.algorithms, profile: issuer.profile)
    ])
    var verifier = Verifier()
    let verdict = verifier.verify(
      Array(token.utf8).span,
      VerificationInput(
        issuers: issuers, policy: EffectivePolicy(policy, issuers: ["p"]), now: NumericDate(seconds: now))
    ) { _ in nil }
    switch verdict {
    case .keyMissing: return nil
    case .undecided: return "undecided"
    case .accepted: return "accepted"
    case .rejected(let rejection):
      let code =
        switch rejection.code {
        case .token(let code): code.rawValue
        case .policy(let code): code.rawValue
        }
      return code + (rejection.claim.map { " \($0)" } ?? "")
    }
  }

  // MARK: Kinds

  @Test("each kind of token passes as what it is and never as the other", arguments: providers)
  func kinds(_ provider: Provider) {
    #expect(judge(provider, provider.id, as: .id) == nil)
    for type in ["JWT", "at+jwt", nil] as [String?] {
      let header = type.map { #"{"alg":"RS256","typ":"\#($0)"}"# } ?? #"{"alg":"RS256"}"#
      // An ID token is never typed at+jwt; Authgear's access tokens always are, which is how they are told apart.
      if provider.preset != .authgear || type != "at+jwt" {
        #expect(judge(provider, provider.id, as: .access, header: header) == "wrong_type", "\(type ?? "none")")
      }
      if provider.preset != .authgear {
        #expect(judge(provider, provider.id, as: .any, header: header) == "wrong_type")
      }
      if let access = provider.access, provider.preset != .authgear || type == "at+jwt" {
        #expect(judge(provider, access, as: .id, header: header) == "wrong_type")
      }
    }
    guard let access = provider.access else { return }
    #expect(judge(provider, access, as: .access) == nil)
    #expect(judge(provider, access, as: .any) == nil)
  }

  @Test("each rule does what nothing else does: without it a kind is not known any more", arguments: providers)
  func rules(_ provider: Provider) {
    var issuer = IssuerConfiguration(name: "p")
    provider.preset.apply(to: &issuer, url: provider.url)
    if issuer.profile.accessTokenRule != nil, let access = provider.access {
      #expect(judge(provider, access, as: .access) { $0.profile.accessTokenRule = nil } == "wrong_type")
      // With a rule that always holds, and none for ID tokens, only the audience keeps an ID token from being taken.
      let found = judge(provider, provider.id, as: .access) {
        $0.profile.accessTokenRule = KindRule(["iss"])
        $0.profile.idTokenRule = nil
      }
      #expect(found != "wrong_type")
    }
    if issuer.profile.idTokenRule != nil {
      #expect(judge(provider, provider.id, as: .any) { $0.profile.idTokenRule = nil } == nil)
    }
  }

  // MARK: Broken tokens

  /// Changes that spoil any provider's access token, with the answer; an empty text takes the claim away.
  private static let broken: [(Claims, String)] = [
    (["iss": #""https://evil.example""#], "wrong_type|unknown_issuer iss"),
    (["iss": ""], "wrong_type|missing_claim iss"),
    (["iss": "7"], "wrong_type|malformed_claims iss"), (["aud": #"["app"]"#], "wrong_audience aud"),
    (["aud": "7"], "malformed_claims aud"), (["sub": ""], "missing_claim sub"), (["sub": "7"], "malformed_claims sub"),
    (["sub": #""a\u0000""#], "malformed_claims sub"), (["exp": ""], "missing_claim exp"),
    (["exp": "1400"], "expired exp"),
    (["exp": #""2000""#], "malformed_claims exp"), (["exp": "2000000000000000"], "malformed_claims exp"),
    (["iat": ""], "missing_claim iat"), (["iat": "1600"], "issued_in_future iat"),
    (["iat": "true"], "malformed_claims iat"),
    (["nbf": "1600"], "not_yet_valid nbf"), (["nbf": #""x""#], "malformed_claims nbf"),
    (["cnf": "{}"], "proof_required cnf"),
    (["cnf": #""x""#], "malformed_claims cnf"), (["auth_time": #""x""#], "good|wrong_type"),
    (["events": "{}"], "wrong_type events"), (["nonce": #""n""#], "wrong_type nonce"),
    (["at_hash": #""h""#], "wrong_type at_hash"), (["c_hash": #""h""#], "wrong_type c_hash"),
  ]

  @Test("a token that is broken is refused by the right name", arguments: providers.filter { $0.access != nil })
  func broken(_ provider: Provider) {
    let access = provider.access ?? [:]
    let ofTyped: Set = ["nonce", "at_hash", "c_hash"]
    for (change, verdicts) in Self.broken {
      if provider.types.access == "at+jwt", change.keys.contains(where: ofTyped.contains) { continue }
      if provider.preset == .cognito, verdicts == "wrong_audience aud" { continue }
      let found = judge(provider, access.merging(change) { $1 }, as: .access) ?? "good"
      #expect(verdicts.split(separator: "|").contains { $0 == found }, "\(change): \(found)")
    }
    for (change, verdict) in provider.spoilt {
      #expect(judge(provider, access.merging(change) { $1 }, as: .access) == verdict, "\(change)")
    }
    for (header, verdict) in [
      (#"{"alg":"none"}"#, "algorithm_not_allowed"), (#"{"alg":"HS256"}"#, "algorithm_not_allowed"),
      (#"{"alg":"RS256","typ":"logout+jwt"}"#, "wrong_type"), (#"{"alg":"RS256","typ":7}"#, "invalid_header"),
      (#"{"alg":"RS256","crit":["x"]}"#, "invalid_header"),
    ] {
      let typed = provider.types.access == "at+jwt" ? header.replacing("}", with: #","typ":"at+jwt"}"#) : header
      #expect(judge(provider, access, as: .access, header: header.contains("typ") ? header : typed) == verdict)
    }
    let client = provider.preset == .okta ? "cid" : access["client_id"] == nil ? "azp" : "client_id"
    #expect(judge(provider, access.merging([client: #""evil""#]) { $1 }, as: .access) == "wrong_client \(client)")
    // Zitadel's tokens do not tell scopes.
    if provider.preset == .zitadel { return }
    let scope = access["scp"] == nil ? "scope" : "scp"
    #expect(judge(provider, access.merging([scope: #""openid""#]) { $1 }, as: .access) == "insufficient_scope scope")
  }

  /// Changes that spoil any provider's ID token, with the answer.
  private static let brokenID: [(Claims, String)] = [
    (["iss": #""https://evil.example""#], "wrong_type|unknown_issuer iss"),
    (["iss": ""], "wrong_type|missing_claim iss"), (["iss": "7"], "wrong_type|malformed_claims iss"),
    (["aud": #""api""#], "wrong_audience aud"), (["aud": #"["app","evil"]"#], "wrong_audience aud"),
    (["aud": "[]"], "wrong_audience aud"), (["aud": "7"], "malformed_claims aud"), (["aud": ""], "missing_claim aud"),
    (["azp": #""evil""#], "wrong_client azp"), (["azp": "7"], "malformed_claims azp"),
    (["sub": ""], "missing_claim sub"), (["sub": "7"], "malformed_claims sub"),
    (["sub": #""a\u0000""#], "malformed_claims sub"), (["exp": ""], "missing_claim exp"),
    (["exp": "1400"], "expired exp"), (["exp": #""2000""#], "malformed_claims exp"),
    (["exp": "2000000000000000"], "malformed_claims exp"), (["iat": ""], "missing_claim iat"),
    (["iat": "1600"], "issued_in_future iat"), (["iat": "true"], "malformed_claims iat"),
    (["nbf": "1600"], "not_yet_valid nbf|wrong_type"), (["nbf": #""x""#], "malformed_claims nbf|wrong_type"),
    (["cnf": "{}"], "proof_required cnf"), (["cnf": #""x""#], "malformed_claims cnf"),
    (["events": "{}"], "wrong_type events"),
  ]

  @Test("so is an ID token", arguments: providers)
  func brokenID(_ provider: Provider) {
    #expect(judge(provider, provider.id, as: .id) == nil)
    for (change, verdicts) in Self.brokenID {
      let found = judge(provider, provider.id.merging(change) { $1 }, as: .id) ?? "good"
      #expect(verdicts.split(separator: "|").contains { $0 == found }, "\(change): \(found)")
    }
    for (header, verdict) in [
      (#"{"alg":"none"}"#, "algorithm_not_allowed"), (#"{"alg":"HS256"}"#, "algorithm_not_allowed"),
      (#"{"alg":"RS256","typ":"at+jwt"}"#, "wrong_type"), (#"{"alg":"RS256","typ":"logout+jwt"}"#, "wrong_type"),
      (#"{"alg":"RS256","typ":7}"#, "invalid_header"), (#"{"alg":"RS256","crit":["x"]}"#, "invalid_header"),
    ] {
      #expect(judge(provider, provider.id, as: .id, header: header) == verdict, "\(header)")
    }
  }

  @Test("roles are where the provider has them", arguments: providers.filter { $0.access != nil })
  func roles(_ provider: Provider) {
    var issuer = IssuerConfiguration(name: "p")
    provider.preset.apply(to: &issuer, url: provider.url)
    guard let path = issuer.profile.rolesClaim, let claim = path.names.first, let access = provider.access else {
      #expect(provider.preset == .hydra || provider.preset == .okta)
      return
    }
    let found = judge(provider, access.merging([claim: ""]) { $1 }, as: .access)
    #expect(found == "insufficient_scope \(path.names.joined(separator: "."))")
  }

  // MARK: What one provider has alone

  private static func provider(_ preset: Preset) throws -> Provider {
    try #require(providers.first { $0.preset == preset })
  }

  @Test("Auth0's tokens by RFC 9068 pass as well as those of its own profile")
  func auth0() throws {
    let provider = try Self.provider(.auth0)
    var claims = try #require(provider.access)
    (claims["azp"], claims["client_id"], claims["jti"]) = (nil, #""app""#, #""j""#)
    #expect(judge(provider, claims, as: .access, header: #"{"alg":"RS256","typ":"at+jwt"}"#) == nil)
    #expect(judge(provider, claims, as: .id) == "wrong_type")
  }

  @Test("Entra's tokens of version 1.0 pass under their own name, whatever the endpoint")
  func entra() throws {
    let provider = try Self.provider(.entra)
    var claims = try #require(provider.access)
    (claims["azp"], claims["azpacr"], claims["appid"], claims["appidacr"]) = (nil, nil, #""app""#, #""1""#)
    claims["ver"] = #""1.0""#
    claims["iss"] = "\"https://sts.windows.net/\(Self.tenant)/\""
    #expect(judge(provider, claims, as: .access) == nil)
    claims["ver"] = #""2.0""#
    #expect(judge(provider, claims, as: .access) == "unknown_issuer ver")
    claims["ver"] = #""1.0""#
    claims["iss"] = "\"https://login.microsoftonline.com/\(Self.tenant)/v2.0\""
    #expect(judge(provider, claims, as: .access) == "unknown_issuer ver")
  }

  @Test("an Entra issuer of one tenant has that tenant's names, of both versions")
  func oneTenant() {
    let url = "https://login.microsoftonline.com/\(Self.tenant)/v2.0"
    var issuer = IssuerConfiguration(name: "p", url: url)
    Preset.entra.apply(to: &issuer, url: url)
    #expect(IssuerName.all(of: url, issuer.profile).map(\.text) == [url, "https://sts.windows.net/\(Self.tenant)/"])
  }

  @Test("an access token of Okta's org authorization server is opaque by Okta's word")
  func oktaOrg() throws {
    let custom = try Self.provider(.okta)
    let org = Provider(
      preset: .okta, url: "https://d.okta.com", types: (nil, nil), access: custom.access, id: custom.id)
    let access = try #require(org.access)
    #expect(judge(org, access, as: .access) == "opaque_token")
    #expect(judge(org, access, as: .any) == "opaque_token")
    #expect(judge(org, access, as: .id) == "wrong_type")
    #expect(judge(org, org.id, as: .id) == nil)
  }

  @Test("neither an exchange nor an action makes one kind of Zitadel's tokens pass as the other")
  func zitadel() throws {
    let provider = try Self.provider(.zitadel)
    // Exchanged for an access token, an ID token has nothing that the code flow's have besides azp.
    let exchanged = Self.claims(["sub": #""7""#, "aud": #"["app"]"#, "azp": #""app""#, "client_id": #""app""#])
    #expect(judge(provider, exchanged, as: .id) == nil)
    #expect(judge(provider, exchanged, as: .access) == "wrong_type")
    #expect(judge(provider, exchanged, as: .any) == "wrong_type")
    // What an action of the operator's may add, it cannot take away.
    let access = try #require(provider.access)
    for added in [["jti": #""x""#], ["nbf": "1000"], ["jti": #""x""#, "nbf": "1000"], ["auth_time": "1000"]] {
      #expect(judge(provider, exchanged.merging(added) { $1 }, as: .access) == "wrong_type", "\(added)")
    }
    for added in [["azp": #""app""#], ["azp": #""app""#, "auth_time": "1000", "sid": #""s""#]] {
      #expect(judge(provider, access.merging(added) { $1 }, as: .id) == "wrong_type", "\(added)")
    }
  }

  @Test("Google writes its name in two ways, and none of its JWTs is an access token")
  func google() throws {
    let provider = try Self.provider(.google)
    for iss in ["https://accounts.google.com", "accounts.google.com"] {
      let claims = provider.id.merging(["iss": "\"\(iss)\""]) { $1 }
      #expect(judge(provider, claims, as: .id) == nil)
      #expect(judge(provider, claims, as: .access) == "wrong_type")
    }
    #expect(
      judge(provider, provider.id.merging(["iss": #""accounts.google.com/""#]) { $1 }, as: .id) == "unknown_issuer iss")
  }

  // MARK: The file

  private func text(_ issuer: String) -> String { "[issuer.a]\n\(issuer)\n[policy.default]\naudiences = [\"x\"]" }

  @Test("the table's own keys count over the preset's, wherever it stands")
  func overriding() throws {
    let read = try configuration(
      text(
        "scope_claims = [\"rights\"]\nurl = \"https://d.okta.com/oauth2/x\"\npreset = \"okta\"\nalgorithms = [\"ES256\"]"
      ))
    let issuer = try #require(read.issuers.first)
    #expect(issuer.profile.scopeClaims == ["rights"] && issuer.algorithms == [.es256])
    #expect(issuer.profile.clientClaims == ["cid"])
  }

  @Test("every preset is a sound table, with nothing to add but tenants in a template", arguments: providers)
  func sound(_ provider: Provider) throws {
    let tenants = provider.tenants.map { "tenants = [\"\($0[0])\"]" } ?? ""
    let issuer = try #require(
      try configuration(text("preset = \"\(provider.preset.rawValue)\"\nurl = \"\(provider.url)\"\n\(tenants)")).issuers
        .first)
    #expect(issuer.preset == provider.preset)
    // What it sets can be written as it is shown.
    let shown = IssuerConfiguration.differences(from: IssuerConfiguration(name: "a"), to: issuer)
      .filter { $0.name != "preset" }.map { "\($0.name) = \($0.text)" }.joined(separator: "\n")
    var again = try #require(try configuration(text(shown)).issuers.first)
    again.preset = provider.preset
    if provider.tenants != nil || issuer.profile.tenants == nil { #expect(again == issuer) }
  }

  @Test(
    "what cannot be is a fault that names the way out",
    arguments: [
      (
        "url = \"https://login.microsoftonline.com/{tenantid}/v2.0\"",
        "line 1: issuer.a.tenants: is missing beside {tenantid}"
      ),
      (
        "url = \"https://a.example\"\ntenants = [\"\(tenant)\"]",
        "line 3: issuer.a.tenants: has no effect with this url"
      ),
      ("url = \"https://a.example/{tenantid}\"\ntenants = [\"common\"]", "line 3: issuer.a.tenants: not a tenant's id"),
      (
        "url = \"https://a.example/{tenantid}\"\ntenants = []",
        "line 3: issuer.a.tenants: empty list; found an empty list, expected a list of GUIDs in lower case, such as "
          + "[\"72f988bf-86f1-41af-91ab-2d7cd011db47\"]"
      ),
      (
        "url = \"https://a.example/{tenantid}\"\ntenants = [\"\(tenant.uppercased())\"]",
        "line 3: issuer.a.tenants: not a tenant's id"
      ),
      (
        "preset = \"octa\"\nurl = \"https://a.example\"",
        "line 2: issuer.a.preset: unknown word; did you mean \"okta\"?"
      ),
      (
        "preset = \"google\"\nurl = \"https://accounts.google.com\"\nintrospection = { kind = \"rfc7662\", client_auth = \"none\" }",
        "line 4: issuer.a.introspection.kind: preset \"google\" has no such back-end"
      ),
      (
        "preset = \"entra\"\nurl = \"https://login.microsoftonline.com/\(tenant)/v2.0\"\nintrospection = { kind = \"userinfo\" }",
        "line 4: issuer.a.introspection.kind: preset \"entra\" has no such back-end"
      ),
      (
        "preset = \"okta\"\nurl = \"https://a.example\"\nintrospection = { kind = \"authgear-resolver\" }",
        "line 4: issuer.a.introspection.kind: preset \"okta\" has no such back-end"
      ),
    ])
  func faultsOfTables(_ table: String, _ fault: String) {
    let found = faults(text(table))
    #expect(found.hasPrefix(fault) && !found.contains("\n"))
  }

  @Test("two issuers may not share a name, by tenants or aliases")
  func sharedNames() {
    let template = "[issuer.b]\nurl = \"https://a.example/{tenantid}\"\ntenants = [\"\(Self.tenant)\"]\n"
    #expect(
      faults(template + text("url = \"https://a.example/\(Self.tenant)\""))
        .hasPrefix("line 5: issuer.a.url: has a name in common with issuer.b, by url, url_aliases or tenants"))
    #expect(faults(template + text("url = \"https://a.example/\(Self.other)\"")).contains("issuers: is missing"))
  }

  @Test(
    "an issuer's address tells its provider",
    arguments: [
      ("https://p.authgear.cloud", .authgear), ("https://t.eu.auth0.com/", .auth0), ("https://a.b/realms/r", .keycloak),
      ("https://d.okta.com/oauth2/default", .okta), ("https://login.microsoftonline.com/{tenantid}/v2.0", .entra),
      ("https://cognito-idp.eu-west-1.amazonaws.com/x", .cognito), ("https://accounts.google.com", .google),
      ("https://i.zitadel.cloud", .zitadel), ("https://p.projects.oryapis.com", .hydra),
      ("https://okta.com.evil.example", nil),
      ("https://notokta.com", nil), ("https://accounts.google.com.example", nil), ("", nil), ("x", nil),
    ] as [(String, Preset?)])
  func fitting(_ url: String, _ preset: Preset?) {
    #expect(Preset.fitting(url) == preset)
  }
}
