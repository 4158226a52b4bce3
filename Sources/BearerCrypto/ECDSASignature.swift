/// The two forms of an ECDSA signature: JOSE's of fixed length, and the DER that libcrypto takes.
///
/// RFC 7518 section 3.4 has `r || s`, each exactly as long as a coordinate. libcrypto wants
/// `SEQUENCE { INTEGER r, INTEGER s }` in DER and nothing else, so the octets are translated, without an allocation.
/// Because the DER is always made here, no DER that a token brings is ever accepted.
enum ECDSASignature {
  /// The longest DER signature in bytes: two integers of 66 bytes for P-521, each with a sign byte and a header of two,
  /// in a sequence with a header of three.
  static let maximumDERBytes = 3 + 2 * (2 + 1 + 66)

  /// Writes the DER form of a signature.
  ///
  /// - Parameters:
  ///   - signature: `r || s`.
  ///   - coordinateBytes: The length of each half; at most 66.
  ///   - output: Where the DER goes, from the start on; at least ``maximumDERBytes`` long.
  /// - Returns: The length of the DER, or `nil` if the signature is not exactly twice `coordinateBytes` long, or if `r`
  ///   or `s` is zero. That they are below the group's order is libcrypto's check.
  static func writeDER(
    of signature: Span<UInt8>, coordinateBytes: Int, to output: inout MutableSpan<UInt8>
  ) -> Int? {
    guard signature.count == 2 * coordinateBytes, coordinateBytes <= 66, output.count >= maximumDERBytes,
      let r = significantBytes(of: signature, in: 0..<coordinateBytes),
      let s = significantBytes(of: signature, in: coordinateBytes..<2 * coordinateBytes)
    else { return nil }

    let contentBytes = 4 + integerBytes(signature, r) + integerBytes(signature, s)
    var end = 0
    func append(_ byte: UInt8, to output: inout MutableSpan<UInt8>) {
      output[end] = byte
      end += 1
    }
    append(0x30, to: &output)
    if contentBytes > 127 {
      append(0x81, to: &output)
    }
    append(UInt8(contentBytes), to: &output)
    for integer in [r, s] {
      append(0x02, to: &output)
      append(UInt8(integerBytes(signature, integer)), to: &output)
      if signature[integer.lowerBound] & 0x80 != 0 {
        append(0, to: &output)
      }
      for index in integer {
        append(signature[index], to: &output)
      }
    }
    return end
  }

  /// The range without leading zero bytes, or `nil` if there is nothing else.
  private static func significantBytes(of signature: Span<UInt8>, in range: Range<Int>) -> Range<Int>? {
    for index in range where signature[index] != 0 {
      return index..<range.upperBound
    }
    return nil
  }

  /// The length of a DER INTEGER's content: a zero byte goes before a top bit that would mean a minus.
  private static func integerBytes(_ signature: Span<UInt8>, _ range: Range<Int>) -> Int {
    range.count + (signature[range.lowerBound] & 0x80 != 0 ? 1 : 0)
  }
}
