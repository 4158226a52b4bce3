package import BearerDevIssuer
package import BearerDevIssuerServer
package import BearerTestKit

/// A development issuer that serves while a test runs.
package enum TestIssuer {
  /// Serves `keys` on a free loopback port, and stops when `body` has returned or thrown.
  ///
  /// - Parameters:
  ///   - keys: The keys to publish, oldest first; nil is one ES256 key.
  ///   - configure: Alters the server's options.
  ///   - body: The test; it is given the server and the ring of keys that it publishes.
  /// - Returns: What `body` returns.
  /// - Throws: ``DevIssuerError`` if the server cannot start, or what `body` throws.
  package static func serving<Result>(
    keys: [IssuerKey]? = nil, configure: (inout DevIssuerServer.Options) -> Void = { _ in },
    _ body: (DevIssuerServer, KeyRing) async throws -> Result
  ) async throws -> Result {
    let ring = KeyRing(try keys ?? [CachedKeys.key()])
    var options = try DevIssuerServer.Options()
    configure(&options)
    let server = try await DevIssuerServer.start(keyStore: ring, options: options)
    do {
      let result = try await body(server, ring)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }
}
