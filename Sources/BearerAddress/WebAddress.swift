/// An absolute `http` or `https` URL, taken apart once (RFC 3986 section 3).
///
/// User information is refused, since it would be sent and logged; so is a fragment, which servers never see.
package struct WebAddress: Equatable, Sendable {
  /// The two schemes.
  package enum Scheme: String, Sendable {
    /// Without TLS.
    case http
    /// With TLS.
    case https
  }

  /// The longest URL that is read, in bytes; bounds what is echoed in messages.
  package static let maximumBytes = 2048

  /// The scheme.
  package let scheme: Scheme
  /// A name in lower case, or an address literal without brackets.
  package let host: String
  /// The port, written or the scheme's own.
  package let port: Int
  /// Path and query as they are sent; begins with `/`.
  package let target: String

  /// Takes a URL apart.
  ///
  /// - Throws: What is wrong with it, in words that show nothing of it.
  package init(parsing text: String) throws(AddressFault) {
    guard text.utf8.count <= Self.maximumBytes else {
      throw AddressFault(reason: "is longer than \(Self.maximumBytes) bytes")
    }
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"),
      let scheme = Scheme(rawValue: text[..<colon].lowercased())
    else { throw AddressFault(reason: "does not begin with https:// (or http://)") }
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw AddressFault(reason: "holds a character that is not ASCII or a space (names are written in xn-- form)")
    }
    guard text.utf8.allSatisfy({ !#"<>"\^`{|}"#.utf8.contains($0) }) else {
      throw AddressFault(reason: "holds a character that a URL must percent-encode")
    }
    guard !text.contains("#") else { throw AddressFault(reason: "has a fragment (#)") }
    let rest = text[colon...].dropFirst(3)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else { throw AddressFault(reason: "holds user information (user@)") }
    guard let address = HostAndPort(authority), authority.hasPrefix("[") || !address.host.contains(":") else {
      throw AddressFault(reason: "has no usable host and port")
    }
    let target = rest.dropFirst(authority.count)
    self.scheme = scheme
    host = address.host
    port = address.port ?? (scheme == .https ? 443 : 80)
    self.target = target.hasPrefix("/") ? String(target) : "/" + target
  }

  /// The host as it stands in a URL, with brackets for IPv6.
  package var hostInURL: String { host.contains(":") ? "[\(host)]" : host }

  /// Host and port as in the `Host` header: without the scheme's own port (RFC 9110 section 7.2).
  package var authority: String { port == (scheme == .https ? 443 : 80) ? hostInURL : "\(hostInURL):\(port)" }

  /// Scheme, host and port (RFC 6454 section 6.2).
  package var origin: String { "\(scheme.rawValue)://\(authority)" }

  /// The whole URL without its query, for messages.
  package var shown: String { origin + target.prefix { $0 != "?" } }

  /// Whether the host is 127.0.0.0/8, ::1 or `localhost`; decided by what is written, without asking a resolver.
  package var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }

  /// Whether the address may be fetched at all: TLS, or no further than this host.
  package var isProtected: Bool { scheme == .https || isLoopback }

  /// Whether both are the same server: scheme, host and port.
  package func hasSameOrigin(as other: WebAddress) -> Bool {
    scheme == other.scheme && host == other.host && port == other.port
  }
}
