/// A host and a port, as `connect_to` has them.
package struct HostAndPort: Equatable, Sendable, CustomStringConvertible {
  /// A name, an IPv4 address, or an IPv6 address without brackets.
  package var host: String
  /// A port; 1...65535.
  package var port: Int

  /// A host and a port.
  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// The pair as the configuration writes it.
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Reads `host:port` or `[address]:port` (RFC 3986 section 3.2); `nil` for anything else, a missing port included.
  package init?(_ text: String) {
    guard let authority = WebAddress.Authority(text[...]), authority.userinfo == nil, let port = authority.port else {
      return nil
    }
    self.init(host: authority.host, port: port)
  }
}
