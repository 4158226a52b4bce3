/// `application/x-www-form-urlencoded`, for forms and for the client's name and secret (RFC 6749 appendix B).
package enum FormEncoding {
  /// One value, with as little encoded as possible: servers that do not decode the name and the secret of
  /// `client_secret_basic` understand it as long as nothing had to be.
  ///
  /// A space becomes `%20` and not `+`: decoders of forms read both, but Authlib only decodes `%`.
  package static func encode(_ text: some Sequence<UInt8>) -> [UInt8] {
    var encoded: [UInt8] = []
    for byte in text {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.append(byte)
      default: encoded += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 0xF)]
      }
    }
    return encoded
  }

  /// A form of these members, in their order.
  package static func form(_ members: [(name: String, value: [UInt8])]) -> [UInt8] {
    Array(members.map { encode($0.name.utf8) + [UInt8(ascii: "=")] + encode($0.value) }.joined(separator: "&".utf8))
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 0x30 : value + 0x37 }
}
