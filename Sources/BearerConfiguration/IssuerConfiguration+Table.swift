import BearerAddress
import BearerClaims
import BearerIntrospection
import BearerJOSE
import BearerKeys
package import BearerTOML

extension IssuerConfiguration: NamedTable {
  package init() { self.init(name: "") }

  private static let always = DurationText.longest

  package static let keys: [ConfigurationKey<IssuerConfiguration>] = [
    .init("preset", \.preset, .word),
    .init("url", \.url, .issuerURL, absence: "required"),
    .init("url_aliases", \.profile.urlAliases, .strings()),
    .init("tenants", \.profile.tenants, .tenants, absence: "required in a template"),
    .init("jwks_uri", text: { _ in nil }) { reader, issuer in
      guard reader.has("jwks_uri") else { return }
      issuer.source = .jwksURI(reader.webAddress("jwks_uri") ?? "")
    },
    .init("jwks_file", text: { _ in nil }) { reader, issuer in
      guard reader.has("jwks_file") else { return }
      issuer.source = .jwksFile(ValueKind.path.read(&reader, "jwks_file") ?? "")
    },
    .init("algorithms", \.algorithms, .algorithms),
    .init("refresh", \.refreshSettings.refresh, .duration(.seconds(1)...always)),
    .init("max_stale", \.refreshSettings.maximumStale, .duration(.zero...always)),
    .init("unknown_key_cooldown", \.refreshSettings.unknownKeyCooldown, .duration(.seconds(1)...always)),
    .init("key_wait", \.refreshSettings.keyWait, .duration(.zero ... .seconds(60))),
    .init("timeout", \.refreshSettings.timeout, .duration(.milliseconds(1) ... .seconds(300))),
    .init("ca_file", \.caFile, .path),
    .init("client_certificate", \.clientCertificate, .path),
    .init("client_key", \.clientKey, .path),
    .init(
      "connect_to", \.connectTo,
      .string("host or host:port, such as \"10.0.0.5:8443\" or \"[fd00::5]:8443\"") {
        HostAndPort($0)
      } write: {
        $0.description
      }),
    .init("proxy", \.proxy, .proxy, absence: "$HTTPS_PROXY, $NO_PROXY"),
    .init("scope_claims", \.profile.scopeClaims, .strings(), absence: "scope, scp"),
    .init("client_claims", \.profile.clientClaims, .strings(), absence: "client_id, else azp"),
    .init("jti_claims", \.profile.tokenIDClaims, .strings(), absence: "jti"),
    .init("roles_claim", \.profile.rolesClaim, .claimPath),
    .init("access_token_if", \.profile.accessTokenRule, .kindRule),
    .init("id_token_if", \.profile.idTokenRule, .kindRule),
    .init("opaque_if", \.profile.opaqueRule, .kindRule),
    .table("introspection", \.introspection),
  ]

  package mutating func prepare(_ reader: inout TableReader) {
    // Faults of either are noted when the keys are read.
    guard case .string(let name)? = reader["preset"]?.content, let preset = Preset(rawValue: name) else { return }
    if case .string(let url)? = reader["url"]?.content { preset.apply(to: &self, url: url) }
  }

  package func finish(_ reader: inout TableReader) {
    finishNames(&reader)
    if let preset, let kind = introspection?.kind, let way = preset.alternative(to: kind) {
      reader.refuse(
        at: ["introspection", "kind"], found: "\"\(kind.rawValue)\"", expected: way,
        "preset \"\(preset.rawValue)\" has no such back-end")
    }
    if !reader.has("url") {
      reader.miss("url", expected: "what the tokens have as iss, such as \"https://your-project.authgear.cloud\"")
    }
    if reader.has("jwks_uri"), reader.has("jwks_file") {
      reader.refuse("jwks_file", expected: "one of the two, or neither for discovery", "stands beside jwks_uri")
    }
    if reader.has("client_certificate") != reader.has("client_key") {
      let pair = ["client_key", "client_certificate"]
      let (given, missing) = reader.has(pair[0]) ? (pair[0], pair[1]) : (pair[1], pair[0])
      reader.miss(missing, expected: "both keys or neither", "is missing beside \(given)")
    }
    if introspection?.authentication == .tls, introspection?.kind.takesCredentials == true, clientCertificate == nil {
      reader.miss(
        "client_certificate", expected: "a certificate, or another client_auth",
        "is missing for client_auth \"tls_client_auth\"")
    }
    if case .discovery = source {
    } else if let introspection, introspection.endpoint == nil {
      reader.miss(
        at: ["introspection", "endpoint"], expected: "an address",
        "is missing: without discovery nothing says where the back-end is")
    }
    // A back-end is reached over the network all the same.
    if case .jwksFile = source, introspection == nil {
      for key in ["timeout", "ca_file", "client_certificate", "client_key", "connect_to", "proxy"] where reader.has(key)
      {
        reader.refuse(key, expected: "no such key", "has no effect beside jwks_file, which needs no network")
      }
    }
  }
}

// MARK: Names

extension IssuerConfiguration {
  /// Notes names with a placeholder but no `tenants`, and `tenants` without such a name.
  private func finishNames(_ reader: inout TableReader) {
    let isTemplate = ([url] + (profile.urlAliases ?? [])).contains { IssuerName.isTemplate($0) }
    if isTemplate, profile.tenants == nil, !reader.has("tenants") {
      reader.miss(
        "tenants", expected: "a list with the ids of the tenants whose tokens are accepted",
        "is missing beside \(IssuerName.placeholder): a token must not choose its own issuer")
    }
    if !isTemplate, reader.has("tenants") {
      reader.refuse(
        "tenants", expected: "\(IssuerName.placeholder) in url where the tenant's id belongs, or no such key",
        "has no effect with this url")
    }
    if IssuerName.isTemplate(url), introspection != nil {
      reader.refuse(
        at: ["introspection"], expected: "an issuer of its own for the tenant",
        "a back-end that answers for many issuers cannot be told whose token it is asked about")
    }
  }
}

extension ValueKind where Value == [String] {
  /// Ids of tenants: GUIDs as tokens have them.
  fileprivate static var tenants: Self {
    let expected = "a list of GUIDs in lower case, such as [\"72f988bf-86f1-41af-91ab-2d7cd011db47\"]"
    return Self { reader, key in
      // An empty list is always a fault; whether the key belongs here is checked elsewhere.
      guard let ids = reader.strings(key, expected: expected, canBeLeftOut: false) else { return nil }
      for id in ids where !Preset.isTenant(id) {
        reader.refuse(key, found: ConfigurationFault.quoted(id), expected: expected, "not a tenant's id")
      }
      return ids
    } write: {
      TOMLText.strings($0)
    }
  }
}

// MARK: Addresses

extension ValueKind where Value == String {
  /// What tokens have as `iss`; an address if keys are discovered there, else any text.
  fileprivate static var issuerURL: Self {
    Self { reader, key in
      guard !reader.has("jwks_uri"), !reader.has("jwks_file") else { return reader.string(key) }
      guard let text = reader.webAddress(key) else { return nil }
      guard !text.utf8.contains(UInt8(ascii: "?")) else {
        reader.refuse(
          key, found: ConfigurationFault.quoted(text),
          expected: "an address without ? (OpenID Connect Discovery 1.0 section 3), or a key jwks_uri",
          "keys cannot be discovered there")
        return nil
      }
      return text
    } write: {
      TOMLText.string($0)
    }
  }
}

extension TableReader {
  private static let schemeRule = "an https:// address, or http:// on loopback (127.0.0.0/8, [::1], localhost)"

  /// An address that may be fetched: https, or http on loopback; without credentials.
  fileprivate mutating func webAddress(_ key: String) -> String? {
    guard let text = string(key, expected: Self.schemeRule) else { return nil }
    let address: WebAddress
    do throws(AddressFault) {
      // A template is an address once the tenant's id is in it.
      address = try WebAddress(parsing: text.replacing(IssuerName.placeholder, with: "common"))
    } catch {
      refuse(key, found: ConfigurationFault.quoted(text), expected: Self.schemeRule, "the address \(error.reason)")
      return nil
    }
    guard address.isProtected else {
      refuse(key, found: ConfigurationFault.quoted(text), expected: Self.schemeRule, "plain http to another host")
      return nil
    }
    return text
  }
}

extension ValueKind where Value == ProxyAddress {
  fileprivate static var proxy: Self {
    Self { reader, key in
      let expected = "an http:// address, such as \"http://10.0.0.1:3128\""
      guard let text = reader.string(key, expected: expected) else { return nil }
      // Neither what is wrong nor what was found is shown: it may hold a password.
      guard text.lowercased().utf8.starts(with: "http://".utf8), let address = try? ProxyAddress(parsing: text) else {
        reader.refuse(key, expected: expected, "not the address of a proxy")
        return nil
      }
      return address
    } write: {
      TOMLText.string($0.description)
    }
  }
}

// MARK: Claims

extension ValueKind where Value == ClaimPath {
  /// A claim, or a member inside of one.
  fileprivate static var claimPath: Self {
    Self { reader, key in
      let expected = "a claim, such as \"roles\" or \"realm_access.roles\", or a list of the names on the way to it"
      guard case .array? = reader[key]?.content else {
        return reader.string(key, expected: expected) {
          let path = ClaimPath($0)
          return path.names.contains("") ? nil : path
        }
      }
      return reader.strings(key, expected: expected).map { ClaimPath($0) }
    } write: {
      $0.text.map(TOMLText.string) ?? TOMLText.strings($0.names)
    }
  }
}

extension ValueKind where Value == KindRule {
  /// What tells one kind of the issuer's tokens from the others.
  fileprivate static var kindRule: Self {
    Self { reader, key in
      let expected = "a list of \"claim\", \"!claim\" or \"claim=text\", with | between alternatives"
      guard let texts = reader.strings(key, expected: expected) else { return nil }
      let rule = KindRule(texts)
      if rule == nil { reader.refuse(key, expected: expected, "a claim or a text is missing") }
      return rule
    } write: {
      TOMLText.strings($0.texts)
    }
  }
}

// MARK: Algorithms

extension ValueKind where Value == Set<Algorithm> {
  /// `EdDSA` stands for both algorithms that it may mean (RFC 8037).
  private static var pair: Set<Algorithm> { [.ed25519, .ed448] }

  fileprivate static var algorithms: Self {
    Self { reader, key in
      guard let names = reader.strings(key, expected: "a list of algorithm names, such as [\"RS256\"]") else {
        return nil
      }
      var algorithms: Set<Algorithm> = []
      for name in names {
        if name == "EdDSA" {
          algorithms.formUnion(pair)
        } else if let algorithm = Algorithm(rawValue: name) {
          algorithms.insert(algorithm)
        } else {
          reader.refuse(algorithm: name, key)
        }
      }
      return algorithms
    } write: { algorithms in
      let hasPair = algorithms.isSuperset(of: pair)
      let named = Algorithm.allCases.filter { algorithms.contains($0) && !(hasPair && pair.contains($0)) }
      return TOMLText.strings(named.map(\.rawValue) + (hasPair ? ["EdDSA"] : []))
    }
  }
}

extension TableReader {
  fileprivate mutating func refuse(algorithm name: String, _ key: String) {
    let found = ConfigurationFault.quoted(name)
    let upper = name.uppercased()
    let known = Algorithm.allCases.map(\.rawValue) + ["EdDSA"]
    let expected = "some of \(known.joined(separator: ", "))"
    if upper == "NONE" {
      refuse(key, found: found, expected: expected, "\"none\" is no signature: anybody can write such a token")
    } else if upper.hasPrefix("HS") {
      refuse(
        key, found: found, expected: expected,
        "HMAC is never accepted: whoever can verify such a token can also make one, and a public key could pass for the secret"
      )
    } else {
      let meant = NearMiss.of(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      refuse(key, found: found, expected: expected, "unknown algorithm\(meant)")
    }
  }
}
