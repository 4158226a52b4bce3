import BearerAddress
import Glibc
import Testing

struct IPAddressTests {
  @Test("an IPv6 literal has eight groups, one gap at most, and dotted decimal only at its end")
  func version6() {
    for text in [
      "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "2001:DB8::a", "1::8",
      "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1::1.2.3.4", "::1.2.3.4", "0001::0",
    ] {
      #expect(IPAddress(text)?.bytes == system(text), "\(text)")
      #expect(IPAddress(text) != nil, "\(text)")
    }
    for text in [
      ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:::2", "::1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7:8::", "12345::", "g::", "+1::", "-1::", "-0::1", "::-0", "1::+0", "::1.2.3", "::1.2.3.4.5",
      "::01.2.3.4", "1.2.3.4::",
      "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "[::1]", "::1 ", " ::1", "::١",
    ] {
      #expect(IPAddress(text) == nil, "\(text)")
      #expect(system(text) == nil, "\(text)")
    }
  }

  @Test("whatever the characters, IPv6 literals are those of the system")
  func random() {
    var generator = Counter()
    for _ in 0..<60_000 {
      let text = String(
        (0..<Int.random(in: 2...14, using: &generator)).map { _ in
          "::::::0123fF1..256-+".randomElement(using: &generator) ?? ":"
        })
      guard text.contains(":") else { continue }
      #expect(IPAddress(text)?.bytes == system(text), "\(text)")
    }
  }

  /// SplitMix64, so that a failure comes back.
  private struct Counter: RandomNumberGenerator {
    var state: UInt64 = 42
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  private func system(_ text: String) -> [UInt8]? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: address) { Array($0) }
  }

  @Test(
    "an address ends where its text does, not at a NUL or a zone", arguments: ["::1\0", "::1\0.evil.test", "::1%lo"])
  func literals(_ text: String) {
    #expect(IPAddress(text) == nil)
    #expect(HostAndPort("[\(text)]:80") == nil)
  }

  @Test(
    "a prefix is compared bit by bit",
    arguments: [
      ("10.1.2.3", "10.0.0.0", 8, true), ("11.1.2.3", "10.0.0.0", 8, false), ("10.0.0.130", "10.0.0.128", 25, true),
      ("10.0.0.127", "10.0.0.128", 25, false), ("10.0.0.1", "10.0.0.1", 32, true), ("1.2.3.4", "9.9.9.9", 0, true),
      ("10.0.0.1", "10.0.0.1", 33, false), ("10.0.0.1", "10.0.0.1", -1, false), ("fd00::1", "fd00::", 8, true),
      ("fe00::1", "fd00::", 8, false), ("10.0.0.1", "fd00::", 8, false),
    ])
  func prefix(_ address: String, _ network: String, _ bits: Int, _ expected: Bool) throws {
    let address = try #require(IPAddress(address))
    let network = try #require(IPAddress(network))
    #expect(address.hasPrefix(network, bits: bits) == expected)
  }
}
