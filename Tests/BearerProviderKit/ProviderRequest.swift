/// One request that a `FaultyProvider` received.
package struct ProviderRequest: Sendable {
  /// The request's path, without its query.
  package var path: String
  /// The header fields, names in lower case.
  package var headers: [String: String]
  /// The server name that the client named in its TLS greeting (RFC 6066 section 3), if any.
  package var serverName: String?
  /// The method.
  package var method = "GET"
  /// Path and query.
  package var target = ""
  /// The body.
  package var body = ""
  /// The number of the connection that it came on.
  package var connection = 0
}
