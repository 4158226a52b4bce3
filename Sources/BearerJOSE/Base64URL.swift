/// The base64url encoding of RFC 7515 section 2: no padding, no line breaks, no white space.
///
/// Decoding is strict, because a second spelling of a token would get around whatever compares or counts tokens. Bytes
/// outside of the alphabet, padding, a length that no encoder makes, and bits left over that are not zero (RFC 4648
/// section 3.5) are refused.
package enum Base64URL {
  /// The values of all bytes at each of the four places of a group, shifted to where they belong in its three bytes, the
  /// first of which is the lowest; a byte that is not of the alphabet has the bit above them.
  private static let places: [UInt32] = {
    var places = [UInt32](repeating: invalid, count: 4 * 256)
    for place in 0..<4 {
      for (value, byte) in alphabet.enumerated() {
        places[place * 256 + Int(byte)] = (UInt32(value) << UInt32(26 - 6 * place)).byteSwapped
      }
    }
    return places
  }()

  private static let invalid: UInt32 = 1 << 24

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
    let places = Self.places
    var seen: UInt32 = 0
    var leftOver: UInt32 = 0
    // One byte more than is needed: each group is stored as four bytes, and the next group overwrites the fourth.
    decoded.append(addingCapacity: whole / 4 * 3 + 3) { output in
      // Safe because `at` and the three after it are below `whole`, itself at most the count; a place is below 256 and
      // the table has four times as many; and the capacity asked for holds what is stored: this loop is half of what a
      // token costs beside its signature.
      output.withUnsafeMutableBufferPointer { output, count in
        let output = UnsafeMutableRawBufferPointer(output)
        text.withUnsafeBytes { text in
          places.withUnsafeBufferPointer { places in
            var at = 0
            while at < whole {
              let group = text.loadUnaligned(fromByteOffset: at, as: UInt32.self)
              let bits =
                places[Int(group & 0xFF)] | places[256 &+ Int(group >> 8 & 0xFF)]
                | places[512 &+ Int(group >> 16 & 0xFF)] | places[768 &+ Int(group >> 24)]
              seen |= bits
              output.storeBytes(of: bits.littleEndian, toByteOffset: count, as: UInt32.self)
              count &+= 3
              at &+= 4
            }
          }
        }
      }
      if rest >= 2 {
        var bits = places[Int(text[whole])] | places[256 + Int(text[whole + 1])]
        if rest == 3 { bits |= places[512 + Int(text[whole + 2])] }
        seen |= bits
        output.append(UInt8(truncatingIfNeeded: bits))
        if rest == 3 { output.append(UInt8(truncatingIfNeeded: bits >> 8)) }
        // What is left over after the last whole byte must be zero.
        leftOver = bits & (rest == 2 ? 0xFFFF00 : 0xFF0000)
      }
    }
    return seen & invalid == 0 && leftOver == 0
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
