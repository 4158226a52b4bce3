/// The characters that a bearer token may have.
package enum OpaqueTokenText {
  /// Whether the bytes are a `b64token` (RFC 6750 section 2.1): `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" )
  /// *"="`.
  ///
  /// Anything else must not get into a header field or a form: a JSON string can carry line ends.
  package static func isBearerToken(_ token: Span<UInt8>) -> Bool {
    var end = token.count
    while end > 0, token[end - 1] == UInt8(ascii: "=") { end -= 1 }
    if end == 0 { return false }
    for index in 0..<end {
      switch token[index] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        continue
      default: return false
      }
    }
    return true
  }
}
