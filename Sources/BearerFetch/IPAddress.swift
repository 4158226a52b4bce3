import Glibc

/// The bytes of an address literal: 4 for IPv4 in strict dotted decimal, 16 for IPv6 (RFC 3986 section 3.2.2).
///
/// The short and octal forms that some resolvers read (`127.1`, `0177.0.0.1`) are names here: what looks like loopback
/// to this check must be loopback for whatever connects later.
struct IPAddress: Equatable, Sendable {
  var bytes: [UInt8]

  init?(_ text: some StringProtocol) {
    if text.contains(":") {
      // A zone (`fe80::1%eth0`) has no place in a URL or a list of addresses; and C would take a NUL for the text's end.
      var address = in6_addr()
      guard !text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == 0 }),
        inet_pton(AF_INET6, String(text), &address) == 1
      else { return nil }
      bytes = withUnsafeBytes(of: address) { Array($0) }
    } else {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 4 else { return nil }
      bytes = []
      for part in parts {
        guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part.utf8.count <= 3,
          part.utf8.count == 1 || part.utf8.first != 0x30, let byte = UInt8(part)
        else { return nil }
        bytes.append(byte)
      }
    }
  }

  /// Whether the address is in 127.0.0.0/8 or is ::1.
  var isLoopback: Bool {
    bytes.count == 4 ? bytes.first == 127 : bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
  }

  /// Whether the first `bits` bits equal those of `network`, an address of the same family.
  func hasPrefix(_ network: IPAddress, bits: Int) -> Bool {
    guard network.bytes.count == bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
    for (index, pair) in zip(bytes, network.bytes).enumerated() {
      let remaining = bits - index * 8
      if remaining <= 0 { return true }
      let mask = remaining >= 8 ? UInt8.max : ~(UInt8.max >> UInt8(remaining))
      if pair.0 & mask != pair.1 & mask { return false }
    }
    return true
  }
}
