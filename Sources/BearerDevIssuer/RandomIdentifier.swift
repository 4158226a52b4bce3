import BearerJOSE

/// Identifiers that nobody else has: `jti`, `sid`, `kid`.
package enum RandomIdentifier {
  /// `byteCount` bytes from the system's generator, base64url encoded.
  package static func make(byteCount: Int = 16) -> String {
    Base64URL.encode((0..<byteCount).map { _ in UInt8.random(in: .min ... .max) })
  }

  /// `byteCount` bytes from the system's generator in hexadecimal, for names that people compare by eye.
  package static func makeHexadecimal(byteCount: Int) -> String {
    let digits = Array("0123456789abcdef")
    return String((0..<byteCount * 2).map { _ in digits[Int.random(in: 0..<16)] })
  }
}
