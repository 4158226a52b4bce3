/// A host with an optional port, as in `connect_to`, a proxy's address or an entry of `NO_PROXY`.
package struct HostAndPort: Equatable, Sendable, CustomStringConvertible {
  /// A name in lower case, or an address literal without brackets.
  package var host: String
  /// The port, if one is written.
  package var port: Int?

  /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
  package init?(_ text: some StringProtocol) {
    var portText: String?
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = text[text.index(after: text.startIndex)..<end].lowercased()
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
      if !rest.isEmpty { portText = String(rest.dropFirst()) }
      guard host.contains(":"), IPAddress(host) != nil else { return nil }
    } else if text.filter({ $0 == ":" }).count > 1 {
      host = text.lowercased()
      guard IPAddress(host) != nil else { return nil }
    } else {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard let first = parts.first else { return nil }
      // Before case is folded, which makes a k of the Kelvin sign.
      guard !first.isEmpty, first.utf8.allSatisfy(HostAndPort.isNameByte) else { return nil }
      host = first.lowercased()
      if parts.count == 2 { portText = String(parts[1]) }
    }
    if let portText {
      guard !portText.isEmpty, portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(portText),
        number > 0
      else { return nil }
      port = Int(number)
    }
  }

  /// The host, in brackets if it is an IPv6 address, and the port if there is one.
  package var description: String {
    let bracketed = host.contains(":") ? "[\(host)]" : host
    return port.map { "\(bracketed):\($0)" } ?? bracketed
  }

  /// Letters, digits, `-`, `.` and `_`: what host names consist of in practice.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
    default: false
    }
  }
}
