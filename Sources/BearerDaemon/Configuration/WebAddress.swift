/// An `http` or `https` address taken apart (RFC 3986 section 3, RFC 9110 section 4.2).
///
/// Nothing is decoded or normalised except the scheme's case: `iss` is compared byte for byte, so the text stays what
/// it was and this only answers questions about it.
struct WebAddress {
  /// What stands between `//` and the path.
  struct Authority {
    var userinfo: String?
    var host: String
    var port: Int?

    /// Takes `[userinfo@]host[:port]` apart; `nil` if it is not that.
    init?(_ text: Substring) {
      var rest = text
      if let at = rest.lastIndex(of: "@") {
        userinfo = String(rest[..<at])
        rest = rest[rest.index(after: at)...]
      }
      let portText: Substring?
      if rest.first == "[" {
        guard let close = rest.firstIndex(of: "]") else { return nil }
        let address = rest[rest.index(after: rest.startIndex)..<close]
        guard address.contains(":"), address.utf8.allSatisfy({ Self.isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E })
        else { return nil }
        host = String(address)
        let after = rest[rest.index(after: close)...]
        guard after.isEmpty || after.first == ":" else { return nil }
        portText = after.isEmpty ? nil : after.dropFirst()
      } else {
        let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, name.utf8.allSatisfy(Self.isHostByte) else { return nil }
        host = String(name)
        portText = parts.count == 2 ? parts[1] : nil
      }
      if let portText {
        guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(portText),
          (1...65535).contains(number)
        else { return nil }
        port = number
      }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: false
      }
    }
  }

  /// `http` or `https`.
  var scheme: String
  var userinfo: String?
  /// Without the brackets of an IPv6 address.
  var host: String
  var port: Int?
  var path: String
  var query: String?
  var fragment: String?

  /// Takes an address apart; `nil` if it is not an absolute http or https address of visible ASCII characters.
  init?(_ text: String) {
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains(where: { "\"<>\\^`{|}".contains($0) })
    else { return nil }
    guard let colon = text.firstIndex(of: ":") else { return nil }
    scheme = text[..<colon].lowercased()
    guard scheme == "http" || scheme == "https" else { return nil }
    var rest = text[text.index(after: colon)...]
    guard rest.hasPrefix("//") else { return nil }
    rest = rest.dropFirst(2)
    if let hash = rest.firstIndex(of: "#") {
      fragment = String(rest[rest.index(after: hash)...])
      rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: "?") {
      query = String(rest[rest.index(after: mark)...])
      rest = rest[..<mark]
    }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    path = String(rest[slash...])
    guard let authority = Authority(rest[..<slash]) else { return nil }
    userinfo = authority.userinfo
    host = authority.host
    port = authority.port
  }

  /// Whether the host is this machine: 127.0.0.0/8, ::1 or localhost, and nothing that a resolver could turn into more.
  var isLoopback: Bool {
    if host == "::1" || host.lowercased() == "localhost" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    guard numbers.count == 4, numbers[0] == "127" else { return false }
    return numbers.allSatisfy {
      $0.utf8.count <= 3 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8($0) != nil
    }
  }
}
