import BearerCrypto

/// The first 12 hexadecimal digits of a token's SHA-256 digest, to match a log line with a token.
///
/// `printf %s "$TOKEN"
/// sha256sum
/// cut -c1-12` gives the same. A token cannot be computed from it, and a token with a signature cannot be guessed.
enum TokenFingerprint {
  /// The fingerprint.
  static func text(of token: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(token.count)
    for index in token.indices { bytes.append(token[index]) }
    return SHA256.hexadecimal(of: bytes, bytes: 6)
  }
}
