/// The bytes of an address literal: 4 for IPv4 in strict dotted decimal, 16 for IPv6 (RFC 3986 section 3.2.2).
///
/// The short and octal forms that some resolvers read (`127.1`, `0177.0.0.1`) are names here: what looks like loopback
/// to this check must be loopback for whatever connects later. For the same reason no zone (`fe80::1%eth0`) is read,
/// which has no place in a URL or a list of addresses.
package struct IPAddress: Equatable, Sendable {
  /// The address in network order.
  package let bytes: [UInt8]

  /// Reads a literal without brackets; `nil` if the text is not one.
  package init?(_ text: some StringProtocol) {
    let text = Array(text.utf8)
    guard let bytes = text.contains(Self.colon) ? Self.version6(text[...]) : Self.version4(text[...]) else {
      return nil
    }
    self.bytes = bytes
  }

  /// Whether the address is in 127.0.0.0/8 or is ::1.
  package var isLoopback: Bool {
    bytes.count == 4 ? bytes.first == 127 : bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
  }

  /// Whether the first `bits` bits equal those of `network`, an address of the same family.
  package func hasPrefix(_ network: IPAddress, bits: Int) -> Bool {
    guard network.bytes.count == bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
    for (index, pair) in zip(bytes, network.bytes).enumerated() {
      let remaining = bits - index * 8
      if remaining <= 0 { return true }
      let mask = remaining >= 8 ? UInt8.max : ~(UInt8.max >> UInt8(remaining))
      if pair.0 & mask != pair.1 & mask { return false }
    }
    return true
  }

  // MARK: Reading

  private static let colon = UInt8(ascii: ":")

  /// Four decimal numbers up to 255 without leading zeros.
  private static func version4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
        part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let byte = UInt8(String(decoding: part, as: UTF8.self))
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  /// RFC 4291 section 2.2: eight groups of hexadecimal digits, of which `::` may stand for one or more that are zero, and
  /// dotted decimal for the last two.
  private static func version6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard let gap = zip(text.indices, text.indices.dropFirst()).first(where: { text[$0] == colon && text[$1] == colon })
    else {
      return groups(text, endsAddress: true).flatMap { $0.count == 16 ? $0 : nil }
    }
    let (before, after) = (text[..<gap.0], text[gap.1...].dropFirst())
    guard let head = before.isEmpty ? [] : groups(before, endsAddress: false),
      let tail = after.isEmpty ? [] : groups(after, endsAddress: true), head.count + tail.count <= 14
    else { return nil }
    return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  /// Groups between single colons, two bytes each.
  private static func groups(_ text: ArraySlice<UInt8>, endsAddress: Bool) -> [UInt8]? {
    let parts = text.split(separator: colon, omittingEmptySubsequences: false)
    guard parts.count <= 8 else { return nil }
    var bytes: [UInt8] = []
    for (index, part) in parts.enumerated() {
      if endsAddress, index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
        guard let last = version4(part) else { return nil }
        bytes += last
        continue
      }
      // A sign is read as part of a number, and is no digit; `-0` is a number even where none is below zero.
      guard (1...4).contains(part.count), part.first != UInt8(ascii: "+"), part.first != UInt8(ascii: "-"),
        let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
      else { return nil }
      bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
    }
    return bytes
  }
}
