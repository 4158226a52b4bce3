import BearerKeys

/// An HTTP proxy that is asked to `CONNECT` (RFC 9110 section 9.3.6).
struct ProxyAddress: Hashable, Sendable {
  /// The proxy's host.
  let host: String
  /// The proxy's port.
  let port: Int
  /// User name and password of Basic authentication, percent-decoded; never shown.
  let user: String?
  let password: String?

  /// Reads `http://[user:password@]host[:port]`, or the same without its scheme.
  init(parsing text: String) throws(FetchFailure) {
    var rest = text[...]
    if let marker = ProxyAddress.schemeEnd(of: text) {
      guard text[..<marker].lowercased() == "http" else {
        throw ProxyAddress.refused("names a proxy whose scheme is not http")
      }
      rest = text[marker...].dropFirst(3)
    }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    var credentials: Substring?
    if let at = rest.lastIndex(of: "@") {
      credentials = rest[..<at]
      rest = rest[at...].dropFirst()
    }
    guard let address = HostAndPort(rest) else { throw ProxyAddress.refused("is not http://host:port") }
    host = address.host
    port = address.port ?? 80
    let parts = credentials?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) ?? []
    user = parts.first.map(ProxyAddress.percentDecoded)
    password = parts.count == 2 ? ProxyAddress.percentDecoded(parts[1]) : parts.isEmpty ? nil : ""
  }

  /// Host and port, without credentials.
  var shown: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

  private static func schemeEnd(of text: String) -> String.Index? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    return colon
  }

  private static func refused(_ reason: String) -> FetchFailure {
    FetchFailure(
      .proxyFailed, found: "the proxy setting \(reason)",
      mend: "write proxy (or HTTPS_PROXY) as http://host:port; proxies over TLS or SOCKS are not supported")
  }

  private static func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      // `UInt8` reads a sign too.
      if byte == 0x25, rest.count >= 2, !rest.starts(with: "+".utf8), !rest.starts(with: "-".utf8),
        let value = UInt8(String(Substring(rest.prefix(2))), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
