/// An HTTP proxy that is asked to `CONNECT` (RFC 9110 section 9.3.6); it may hold a password, which it never prints.
package struct ProxyAddress: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// The proxy's host: a name in lower case, or an address literal without brackets.
  package let host: String
  /// The proxy's port; 80 unless one is written.
  package let port: Int
  /// The user name of Basic authentication, percent-decoded; `nil` if no credentials are written.
  package let user: String?
  /// The password of Basic authentication, percent-decoded; empty if only a name is written.
  package let password: String?

  /// Reads `http://[user:password@]host[:port]`, or the same without its scheme, which `HTTPS_PROXY` often lacks.
  ///
  /// - Throws: What is wrong with it, in words that show nothing of it.
  package init(parsing text: String) throws(AddressFault) {
    var rest = text[...]
    if let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") {
      guard text[..<colon].lowercased() == "http" else {
        throw AddressFault(reason: "names a proxy whose scheme is not http")
      }
      rest = text[colon...].dropFirst(3)
    }
    var credentials: Substring?
    if let at = rest.lastIndex(of: "@") {
      credentials = rest[..<at]
      rest = rest[at...].dropFirst()
    }
    // What exactly is wrong is not told: the reason must fit a text that lacks its scheme, too.
    guard let address = try? WebAddress(parsing: "http://" + rest), address.target == "/" else {
      throw AddressFault(reason: "is not http://host:port")
    }
    host = address.host
    port = address.port
    let parts = credentials?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) ?? []
    user = parts.first.map(ProxyAddress.percentDecoded)
    password = parts.count == 2 ? ProxyAddress.percentDecoded(parts[1]) : parts.isEmpty ? nil : ""
  }

  /// Host and port, without credentials.
  package var shown: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

  /// The address without its credentials.
  package var description: String { "http://\(user == nil ? "" : "…@")\(shown)" }

  /// The address without its credentials.
  package var debugDescription: String { description }

  /// Shows nothing inside, so that `dump` cannot print the password.
  package var customMirror: Mirror { Mirror(self, children: [:]) }

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
