import AsyncHTTPClient
import BearerDevIssuer
import BearerDevIssuerServer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import NIOCore
import NIOHTTP1
import Testing

/// What the issuer says of tokens to who asks.
@Suite struct TokenEndpointTests {
  private func ask(
    _ url: String, form: String? = nil, token: String? = nil
  ) async throws -> (status: UInt, headers: HTTPHeaders, json: JSONValue) {
    var request = HTTPClientRequest(url: url)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    if let form {
      request.method = .POST
      request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
      request.body = .bytes(Array(form.utf8))
    }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
    let body = Array(buffer: try await response.body.collect(upTo: 1 << 20))
    return (response.status.code, response.headers, (try? JSONValue(parsing: body)) ?? .null)
  }

  private func template(_ server: DevIssuerServer) -> TokenTemplate {
    TokenTemplate(.access, issuer: server.issuer.url)
  }

  @Test("an opaque token and a JWT are active until they are revoked (RFC 7662, RFC 7009)")
  func introspection() async throws {
    try await TestIssuer.serving { server, _ in
      let document = try await ask(server.url + "/.well-known/openid-configuration").json
      let introspect = try #require(document["introspection_endpoint"]?.stringValue)
      let revoke = try #require(document["revocation_endpoint"]?.stringValue)
      for token in [try server.issuer.give(template(server)), try server.issuer.mint()] {
        let answer = try await ask(introspect, form: "token=\(token)&token_type_hint=access_token")
        #expect(answer.status == 200 && answer.json["active"] == true)
        #expect(answer.json["sub"] == "dev-user" && answer.json["iss"] == .string(server.url))
        #expect(try await ask(revoke, form: "token=\(token)").status == 200)
        #expect(try await ask(introspect, form: "token=\(token)").json == ["active": false])
      }
      #expect(try await ask(revoke, form: "token=never").status == 200)
      #expect(try await ask(introspect, form: "x=y").status == 400)
      #expect(try await ask(introspect).status == 405)
    }
  }

  @Test("a token that is made up, forged, expired or of another issuer is not active")
  func inactive() async throws {
    try await TestIssuer.serving { server, _ in
      let forged = try server.issuer.mint(key: .generate(.rs256, kid: try CachedKeys.key().kid))
      let tokens = [
        "made-up", "a.b.c", forged, try server.issuer.mint { $0.isExpired = true },
        try server.issuer.mint { $0.issuer = "https://other.example" },
        try server.issuer.give(template(server), now: WallClock.now() - 1800),
      ]
      for token in tokens {
        let answer = try await ask(server.url + "/oauth2/introspect", form: "token=\(token)")
        #expect(answer.json == ["active": false])
        #expect(try await ask(server.url + "/oauth2/userinfo", token: token).status == 401)
        let resolved = try await ask(server.url + "/_resolver/resolve", token: token)
        #expect(resolved.headers["X-Authgear-Session-Valid"] == ["false"])
      }
    }
  }

  @Test("userinfo and resolver answer as Authgear's do, and the resolver says nothing if it saw no token")
  func authgear() async throws {
    try await TestIssuer.serving { server, _ in
      let token = try server.issuer.give(template(server))
      let userinfo = try await ask(server.url + "/oauth2/userinfo", token: token)
      #expect(userinfo.json["sub"] == "dev-user" && userinfo.json["aud"] == nil && userinfo.json["exp"] == nil)
      let resolved = try await ask(server.url + "/_resolver/resolve", token: token).headers
      #expect(resolved["X-Authgear-Session-Valid"] == ["true"] && resolved["X-Authgear-User-Id"] == ["dev-user"])
      #expect(resolved["X-Authgear-Session-Amr"] == ["pwd"] && resolved["X-Authgear-User-Verified"] == ["true"])
      #expect(try await ask(server.url + "/_resolver/resolve").headers["X-Authgear-Session-Valid"].isEmpty)
      #expect(try await ask(server.url + "/oauth2/userinfo").status == 401)
    }
  }

  @Test("grants in a directory are there for other processes, and go with it")
  func directory() throws {
    let path = "/tmp/bearerd-grants-\(RandomIdentifier.makeHexadecimal(byteCount: 6))"
    let directory = KeyDirectory(path: path)
    let issuer = DevIssuer(url: "http://127.0.0.1:1", keyStore: directory)
    let token = try issuer.give(TokenTemplate(.access, issuer: issuer.url))
    #expect(try DevIssuer(url: issuer.url, keyStore: KeyDirectory(path: path)).claims(of: token)?["sub"] == "dev-user")
    try directory.revoke(StoredTokenName(token))
    #expect(try issuer.claims(of: token) == nil)
    try directory.removeAll()
    #expect(try directory.keys().isEmpty)
  }
}
