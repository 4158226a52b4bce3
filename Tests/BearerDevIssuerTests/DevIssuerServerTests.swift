import AsyncHTTPClient
import BearerDevIssuer
import BearerDevIssuerServer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite struct DevIssuerServerTests {
  @Test("discovery names the server itself, its key set and the algorithms of its keys")
  func discovery() async throws {
    let keys = try [CachedKeys.key(.es256), CachedKeys.key(.edDSA), CachedKeys.key(.es256, named: "second")]
    try await TestIssuer.serving(keys: keys) { server, _ in
      let answer = try await get(server.url + "/.well-known/openid-configuration")
      #expect(answer.status == 200)
      #expect(answer.headers["Content-Type"] == ["application/json"])
      #expect(answer.json["issuer"] == .string(server.url))
      #expect(answer.json["jwks_uri"] == .string(server.url + "/oauth2/jwks"))
      #expect(answer.json["id_token_signing_alg_values_supported"] == ["ES256", "EdDSA"])
      #expect(server.issuer.url == server.url)
      #expect(server.url == "http://127.0.0.1:\(server.port)")
    }
  }

  @Test("the key set holds the keys as they are at each request, without caching headers")
  func keySet() async throws {
    try await TestIssuer.serving { server, ring in
      let first = try await get(server.url + "/oauth2/jwks")
      #expect(first.json == ["keys": [.object(try CachedKeys.key().jwk)]])
      #expect(first.headers["Cache-Control"].isEmpty)
      #expect(first.headers["ETag"].isEmpty)

      ring.add(try CachedKeys.key(.edDSA))
      let second = try await get(server.url + "/oauth2/jwks")
      #expect(second.json["keys"]?.arrayValue?.count == 2)
    }
  }

  @Test("caching headers are sent when asked for, and a known entity tag is answered with 304")
  func caching() async throws {
    try await TestIssuer.serving {
      $0.cacheControl = "max-age=60"
      $0.sendsETag = true
    } _: { server, ring in
      let url = server.url + "/oauth2/jwks"
      let first = try await get(url)
      #expect(first.headers["Cache-Control"] == ["max-age=60"])
      let tag = try #require(first.headers.first(name: "ETag"))

      let second = try await get(url, headers: ["If-None-Match": tag])
      #expect(second.status == 304)
      #expect(second.body.isEmpty)

      ring.replace(with: [try CachedKeys.key(.edDSA)])
      let third = try await get(url, headers: ["If-None-Match": tag])
      #expect(third.status == 200)
      #expect(third.headers["ETag"] != [tag])
    }
  }

  @Test("an issuer with a path has its documents below that path and nowhere else")
  func issuerWithPath() async throws {
    try await TestIssuer.serving {
      $0.path = "/realms/dev"
    } _: { server, _ in
      #expect(server.url.hasSuffix("/realms/dev"))
      let answer = try await get(server.url + "/.well-known/openid-configuration")
      #expect(answer.json["issuer"] == .string(server.url))
      #expect(try await get(server.url + "/oauth2/jwks").status == 200)
      let root = "http://127.0.0.1:\(server.port)"
      #expect(try await get(root + "/.well-known/openid-configuration").status == 404)
    }
  }

  @Test("a server can claim to be another issuer")
  func claimedIssuer() async throws {
    try await TestIssuer.serving {
      $0.claimedIssuer = "https://other.test"
    } _: { server, _ in
      let answer = try await get(server.url + "/.well-known/openid-configuration")
      #expect(answer.json["issuer"] == "https://other.test")
      #expect(answer.json["jwks_uri"] == .string(server.url + "/oauth2/jwks"))
      #expect(server.issuer.url == "https://other.test")
    }
  }

  @Test("the IPv6 loopback address is shown in brackets")
  func ipv6() async throws {
    let options = try DevIssuerServer.Options(host: "::1")
    let server = try await DevIssuerServer.start(keyStore: KeyRing([CachedKeys.key()]), options: options)
    #expect(server.url == "http://[::1]:\(server.port)")
    await server.stop()
  }

  @Test("other paths and methods are refused in JSON")
  func refusals() async throws {
    try await TestIssuer.serving { server, _ in
      #expect(try await get(server.url + "/").status == 404)
      #expect(try await get(server.url + "/oauth2/jwks", method: .POST).status == 405)
      #expect(try await get(server.url + "/oauth2/token", method: .POST).status == 501)
      let head = try await get(server.url + "/oauth2/jwks", method: .HEAD)
      #expect(head.status == 200)
      #expect(head.body.isEmpty)
    }
  }

  @Test("requests are counted by path, and can be awaited before and after they came")
  func counting() async throws {
    try await TestIssuer.serving { server, _ in
      #expect(server.script.requestCount(of: "/oauth2/jwks") == 0)
      async let arrived: Void = server.script.waitForRequests(2, of: "/oauth2/jwks")
      _ = try await get(server.url + "/oauth2/jwks")
      _ = try await get(server.url + "/oauth2/jwks?again")
      await arrived
      await server.script.waitForRequests(1, of: "/oauth2/jwks")
      #expect(server.script.requestCount(of: "/oauth2/jwks") == 2)
      #expect(server.script.requestCount(of: "/elsewhere") == 0)
    }
  }

  @Test("a test can replace an answer, cut the connection, and go back to the truth")
  func script() async throws {
    try await TestIssuer.serving { server, _ in
      let url = server.url + "/oauth2/jwks"
      server.script.set(
        .answer(SiteAnswer(status: 503, headers: [("Retry-After", "7")], body: Array("down".utf8))),
        for: "/oauth2/jwks")
      let down = try await get(url)
      #expect(down.status == 503)
      #expect(down.headers["Retry-After"] == ["7"])
      #expect(down.body == Array("down".utf8))

      server.script.set(.hangUp, for: "/oauth2/jwks")
      await #expect(throws: HTTPClientError.remoteConnectionClosed) { try await get(url) }

      server.script.set(nil, for: "/oauth2/jwks")
      #expect(try await get(url).status == 200)
    }
  }

  @Test("a server that is stopped ends the connections it had, and its port can be taken again")
  func stopAndRestart() async throws {
    let ring = KeyRing([try CachedKeys.key()])
    let first = try await startOutsideOfTheDynamicPorts(ring)
    let connection = try await connect(to: first.port)
    await first.stop()
    try await connection.closeFuture.get()
    // A plain connection: an HTTP client would try again until its time is up.
    await #expect(throws: (any Error).self) { try await connect(to: first.port) }

    var options = try DevIssuerServer.Options()
    options.port = first.port
    let second = try await DevIssuerServer.start(keyStore: ring, options: options)
    #expect(second.url == first.url)
    #expect(try await get(second.url + "/oauth2/jwks").status == 200)
    await second.stop()
  }

  @Test("a port that is taken is an error that names it")
  func portTaken() async throws {
    try await TestIssuer.serving { server, ring in
      var options = try DevIssuerServer.Options()
      options.port = server.port
      await #expect {
        try await DevIssuerServer.start(keyStore: ring, options: options)
      } throws: { error in
        guard case .cannotListen(_, server.port, _) = error as? DevIssuerError else { return false }
        return true
      }
    }
  }

  @Test("keys that cannot be read are a server error, not an empty set")
  func unreadableKeys() async throws {
    let server = try await DevIssuerServer.start(keyStore: BrokenStore(), options: .init())
    let answer = try await get(server.url + "/oauth2/jwks")
    await server.stop()
    #expect(answer.status == 500)
    #expect(answer.json["keys"] == nil)
  }

  private struct BrokenStore: KeyStore {
    func keys() throws(DevIssuerError) -> [IssuerKey] { throw .unreadableKey(path: "/nowhere") }
    func claims(ofOpaque token: StoredTokenName) -> JSONObject? { nil }
    func isRevoked(_ token: StoredTokenName) -> Bool { false }
    func keep(_ claims: JSONObject, of token: StoredTokenName) {}
    func revoke(_ token: StoredTokenName) {}
  }

  // MARK: A client

  private struct Answer {
    let status: UInt
    let headers: HTTPHeaders
    let body: [UInt8]
    let json: JSONValue
  }

  /// A server on a port that the system gives to nobody who asks for any, so that no other test's server has it once this
  /// one is stopped.
  private func startOutsideOfTheDynamicPorts(_ ring: KeyRing) async throws -> DevIssuerServer {
    var options = try DevIssuerServer.Options()
    for port in 20_000..<20_100 {
      options.port = port
      if let server = try? await DevIssuerServer.start(keyStore: ring, options: options) { return server }
    }
    throw DevIssuerError.cannotListen(host: options.address.host, port: options.port, reason: "100 ports are taken")
  }

  private func connect(to port: Int) async throws -> any Channel {
    try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port).get()
  }

  @discardableResult
  private func get(
    _ url: String, method: HTTPMethod = .GET, headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = method
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
    let body = Array(buffer: try await response.body.collect(upTo: 1 << 20))
    return Answer(
      status: response.status.code, headers: response.headers, body: body,
      json: (try? JSONValue(parsing: body)) ?? .null)
  }
}
