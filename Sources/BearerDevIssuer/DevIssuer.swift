package import BearerJSON

/// An OpenID provider for development and tests: what it publishes and the tokens it makes.
package struct DevIssuer: Sendable {
  /// The path of the key set, below the issuer's URL; it is Authgear's.
  package static let keySetPath = "/oauth2/jwks"
  /// The path of the discovery document, below the issuer's URL (OpenID Connect Discovery section 4).
  package static let discoveryPath = "/.well-known/openid-configuration"

  /// The path of RFC 7662's endpoint, below the issuer's URL.
  package static let introspectionPath = "/oauth2/introspect"
  /// The path of RFC 7009's endpoint, below the issuer's URL.
  package static let revocationPath = "/oauth2/revoke"
  /// The path of the UserInfo endpoint, below the issuer's URL; it is Authgear's.
  package static let userinfoPath = "/oauth2/userinfo"
  /// The path of Authgear's resolver, below the issuer's URL.
  package static let resolverPath = "/_resolver/resolve"

  /// The issuer's identifier: `iss` of its tokens and `issuer` of its discovery document.
  package let url: String
  /// Its keys.
  package let keyStore: any KeyStore

  /// An issuer with this URL and these keys.
  package init(url: String, keyStore: any KeyStore) {
    self.url = url
    self.keyStore = keyStore
  }

  /// The key set to publish (RFC 7517 section 5), oldest key first.
  ///
  /// - Throws: ``DevIssuerError`` if the keys cannot be read.
  package func keySet() throws(DevIssuerError) -> JSONValue {
    ["keys": .array(try keyStore.keys().map { .object($0.jwk) })]
  }

  /// The discovery document (OpenID Connect Discovery section 3).
  ///
  /// - Parameter baseURL: Where the endpoints are; nil is the issuer's own URL.
  /// - Returns: The document.
  /// - Throws: ``DevIssuerError`` if the keys cannot be read.
  package func discoveryDocument(baseURL: String? = nil) throws(DevIssuerError) -> JSONValue {
    let base = baseURL ?? url
    var algorithms: [JSONValue] = []
    for key in try keyStore.keys() where !algorithms.contains(.string(key.algorithm.rawValue)) {
      algorithms.append(.string(key.algorithm.rawValue))
    }
    return [
      "issuer": .string(url),
      "authorization_endpoint": .string(base + "/oauth2/authorize"),
      "token_endpoint": .string(base + "/oauth2/token"),
      "jwks_uri": .string(base + Self.keySetPath),
      "introspection_endpoint": .string(base + Self.introspectionPath),
      "revocation_endpoint": .string(base + Self.revocationPath),
      "userinfo_endpoint": .string(base + Self.userinfoPath),
      "scopes_supported": ["openid", "offline_access"],
      "response_types_supported": ["code"],
      "grant_types_supported": ["authorization_code", "refresh_token"],
      "subject_types_supported": ["public"],
      "id_token_signing_alg_values_supported": .array(algorithms),
      "claims_supported": ["iss", "aud", "iat", "exp", "sub", "auth_time", "amr", "sid"],
    ]
  }

  /// Makes a token.
  ///
  /// - Parameters:
  ///   - kind: The kind of token.
  ///   - key: What signs; nil is the issuer's default key.
  ///   - now: The time of issue, in seconds since 1970.
  ///   - change: Alters the usual token.
  /// - Returns: The token in the compact serialisation.
  /// - Throws: ``DevIssuerError`` if there is no key or it cannot sign.
  package func mint(
    _ kind: TokenTemplate.TokenKind = .access, key: IssuerKey? = nil, now: Int64 = WallClock.now(),
    _ change: (inout TokenTemplate) -> Void = { _ in }
  ) throws(DevIssuerError) -> String {
    var template = TokenTemplate(kind, issuer: url)
    change(&template)
    if let key { return try sign(template, key: key, now: now) }
    return try sign(template, key: keyStore.defaultKey(), now: now)
  }

  /// Makes the token that a template describes.
  ///
  /// - Parameters:
  ///   - template: What the token says.
  ///   - key: What signs it and names itself in its header.
  ///   - now: The time of issue, in seconds since 1970.
  /// - Returns: The token in the compact serialisation.
  /// - Throws: ``DevIssuerError/signing(_:)`` if the key cannot sign.
  package func sign(
    _ template: TokenTemplate, key: IssuerKey, now: Int64 = WallClock.now()
  ) throws(DevIssuerError) -> String {
    let header = template.header(algorithm: key.algorithm, kid: key.kid)
    return try key.sign(
      header: JSONValue.object(header).serialized(), payload: JSONValue.object(template.payload(now: now)).serialized())
  }
}
