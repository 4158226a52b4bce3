import BearerAddress
import BearerClaims
import BearerIntrospection
package import BearerTOML

extension IntrospectionConfiguration: ConfigurationTable {
  package static let keys: [ConfigurationKey<IntrospectionConfiguration>] = [
    .init("kind", \.kind, .word, absence: "required"),
    .init(
      "endpoint", \.endpoint, .protectedAddress,
      absence: "from discovery; the resolver's: url + /_resolver/resolve"),
    .init("client_id", \.clientID, .string()),
    .init("client_auth", \.authentication, .word),
    .init("basic_encoding", \.basicEncoding, .word),
    .init("client_secret_file", \.clientSecretFile, .credential),
    .init("bearer_token_file", \.bearerTokenFile, .credential),
    .init("assume_audience", \.assumedAudiences, .strings()),
    .init("cache", \.settings.cache, .duration(.zero ... .seconds(3600))),
    .init("negative_cache", \.settings.negativeCache, .duration(.zero...BackEndLimits.negativeCache)),
    .init("concurrency", \.settings.concurrency, .integer(1...1024)),
    .init("calls_per_second", \.settings.callsPerSecond, .integer(1...100_000)),
  ]

  package func finish(_ reader: inout TableReader) {
    if !reader.has("kind") {
      let kinds = BackEndKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      reader.miss("kind", expected: "one of \(kinds)")
    }
    let ofClients = ["client_id", "client_auth", "basic_encoding", "client_secret_file", "bearer_token_file"]
    if !kind.takesCredentials {
      for key in ofClients where reader.has(key) {
        reader.refuse(key, expected: "no such key", "has no effect with this kind: the token itself is the credential")
      }
      return
    }
    if reader.has("assume_audience") {
      reader.refuse(
        "assume_audience", expected: "no such key, or audience_check = false in the policy",
        "an RFC 7662 endpoint tells whom a token is for")
    }
    let wanted: [String] =
      switch authentication {
      case .secretBasic, .secretPost: ["client_id", "client_secret_file"]
      case .tls: ["client_id"]
      case .bearer: ["bearer_token_file"]
      case .none: []
      }
    for key in wanted where !reader.has(key) {
      reader.miss(
        key, expected: "it, or another client_auth", "is missing for client_auth \"\(authentication.rawValue)\"")
    }
    for key in ["client_id", "client_secret_file", "bearer_token_file"] where reader.has(key) && !wanted.contains(key) {
      reader.refuse(key, expected: "no such key", "has no effect with client_auth \"\(authentication.rawValue)\"")
    }
    if reader.has("basic_encoding"), authentication != .secretBasic {
      reader.refuse(
        "basic_encoding", expected: "no such key", "has no effect with client_auth \"\(authentication.rawValue)\"")
    }
  }
}

extension ValueKind where Value == String {
  /// A file with a secret.
  fileprivate static var credential: Self {
    string("an absolute path, or the name of a credential in $CREDENTIALS_DIRECTORY") { text in
      text.hasPrefix("/") || !text.contains("/") && text != "." && text != ".."
    }
  }
}

// MARK: Policies that need a back-end

extension Configuration {
  /// Notes policies that could accept no opaque token, or recheck no JWT, of their issuers.
  func refusePoliciesWithoutBackEnd(_ issuerIndices: [[UInt8]: Int], _ reader: inout TableReader) {
    for policy in policies where policy.acceptsOpaque || policy.recheck != nil {
      let place = ["policy", policy.name]
      let issuers = acceptedIssuers(of: policy, issuerIndices)
      if policy.acceptsOpaque {
        if issuers.allSatisfy({ $0.introspection == nil }) {
          reader.refuse(
            at: place + ["opaque"], found: "true", expected: "a table [issuer.NAME.introspection]",
            "none of the policy's issuers has a back-end that could be asked")
        }
        for issuer in issuers {
          if let introspection = issuer.introspection { refuse(policy, asking: introspection, of: issuer, &reader) }
        }
      }
      if policy.recheck != nil {
        for issuer in issuers where issuer.introspection == nil {
          reader.refuse(
            at: place + ["recheck"], expected: "a table [issuer.\(issuer.name).introspection]",
            "the issuer \(ConfigurationFault.place(["issuer", issuer.name])) has no back-end that could be asked")
        }
      }
    }
  }

  /// Notes what a policy needs of opaque tokens but this kind of back-end never sends: no token could pass.
  private func refuse(
    _ policy: Policy, asking introspection: IntrospectionConfiguration, of issuer: IssuerConfiguration,
    _ reader: inout TableReader
  ) {
    let untold = introspection.kind.untoldClaims
    if untold.isEmpty { return }
    let place = ["policy", policy.name]
    let words = "a back-end of kind \"\(introspection.kind.rawValue)\" never tells "
    func refuse(_ key: String, _ claim: String, expected: String = "no such key, or a back-end of kind \"rfc7662\"") {
      reader.refuse(
        at: place + [key], expected: expected,
        "\(words)\(claim), so that no opaque token of \(ConfigurationFault.place(["issuer", issuer.name])) could pass")
    }
    if policy.checksAudience, introspection.assumedAudiences == nil {
      refuse(
        "audiences", "aud",
        expected: "assume_audience in [issuer.\(issuer.name).introspection], or audience_check = false")
    }
    if !policy.scopes.isEmpty { refuse("scopes", "scope") }
    if !policy.clients.isEmpty { refuse("clients", "client_id") }
    if !policy.acrValues.isEmpty { refuse("acr_values", "acr") }
    if policy.maximumAge != nil, introspection.kind == .userinfo { refuse("max_age", "auth_time") }
    for claim in policy.requiredClaims where untold.contains(claim) { refuse("required_claims", claim) }
    for requirement in policy.claims where untold.contains(requirement.claim) { refuse("claims", requirement.claim) }
  }
}
