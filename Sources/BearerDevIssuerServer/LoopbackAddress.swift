package import BearerDevIssuer

/// An address that only this machine can reach.
package struct LoopbackAddress: Equatable, Sendable {
  /// The address as it was given.
  package let host: String

  /// Accepts `localhost`, `::1` and addresses in 127.0.0.0/8 (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3).
  ///
  /// - Throws: ``DevIssuerError/notLoopback(host:)`` for anything else.
  package init(_ host: String) throws(DevIssuerError) {
    let octets = host.split(separator: ".", omittingEmptySubsequences: false)
    let isLoopbackIPv4 =
      octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil && !$0.hasPrefix("+") }
    guard isLoopbackIPv4 || host == "::1" || host == "localhost" else { throw .notLoopback(host: host) }
    self.host = host
  }

  /// The host as a URL shows it (RFC 3986 section 3.2.2).
  var urlHost: String { host.contains(":") ? "[\(host)]" : host }
}
