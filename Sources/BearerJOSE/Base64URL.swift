/// The base64url encoding of RFC 7515 section 2: no padding, no line breaks, no white space.
///
/// Decoding is strict, for every second spelling of a token is a way around whatever compares or counts tokens: an
/// alphabet byte out of place, padding, a length that no encoder makes and bits left over that are not zero (RFC 4648
/// section 3.5) are all refused.
package enum Base64URL {
  private static let invalid: UInt8 = 0xFF

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: invalid, count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
    return values
  }()

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// Decodes text into bytes that replace those of `decoded`; its capacity is kept, so a reused array costs nothing.
  ///
  /// - Parameters:
  ///   - text: The encoded bytes; none decode to none.
  ///   - decoded: Where to; unspecified if the text is refused.
  /// - Returns: Whether the text is the one canonical encoding of some bytes.
  package static func decode(_ text: Span<UInt8>, into decoded: inout [UInt8]) -> Bool {
    decoded.removeAll(keepingCapacity: true)
    let rest = text.count & 3
    let whole = text.count - rest
    if rest == 1 { return false }
    let values = Self.values
    var isValid = true
    decoded.append(addingCapacity: whole / 4 * 3 + 2) { output in
      var at = 0
      var seen: UInt8 = 0
      while at < whole {
        let a = values[Int(text[at])]
        let b = values[Int(text[at &+ 1])]
        let c = values[Int(text[at &+ 2])]
        let d = values[Int(text[at &+ 3])]
        // A value has six bits; the two high bits of any invalid one stay visible in the union.
        seen |= a | b | c | d
        output.append(a &<< 2 | b &>> 4)
        output.append(b &<< 4 | c &>> 2)
        output.append(c &<< 6 | d)
        at &+= 4
      }
      if rest >= 2 {
        let a = values[Int(text[at])]
        let b = values[Int(text[at &+ 1])]
        seen |= a | b
        output.append(a &<< 2 | b &>> 4)
        if rest == 2 {
          isValid = b & 0x0F == 0
        } else {
          let c = values[Int(text[at &+ 2])]
          seen |= c
          output.append(b &<< 4 | c &>> 2)
          isValid = c & 0x03 == 0
        }
      }
      if seen & 0xC0 != 0 { isValid = false }
    }
    return isValid
  }

  /// The bytes that text encodes, or `nil` if it is not the canonical encoding of any.
  package static func decode(_ text: String) -> [UInt8]? {
    var decoded: [UInt8] = []
    return decode(Array(text.utf8).span, into: &decoded) ? decoded : nil
  }

  /// The canonical encoding of bytes.
  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var at = 0
    while at < bytes.count {
      let a = bytes[at]
      let b = at + 1 < bytes.count ? bytes[at + 1] : 0
      let c = at + 2 < bytes.count ? bytes[at + 2] : 0
      text.append(alphabet[Int(a >> 2)])
      text.append(alphabet[Int((a & 0x03) << 4 | b >> 4)])
      if at + 1 < bytes.count { text.append(alphabet[Int((b & 0x0F) << 2 | c >> 6)]) }
      if at + 2 < bytes.count { text.append(alphabet[Int(c & 0x3F)]) }
      at += 3
    }
    return String(decoding: text, as: UTF8.self)
  }
}
