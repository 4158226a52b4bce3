import BearerCrypto

/// A short name of a token that tells nothing about it: the first 12 hexadecimal digits of its SHA-256 digest.
///
/// It joins a support case: `printf %s "$TOKEN" | sha256sum | cut -c1-12` gives the same. Nobody can make a token of it,
/// and of a token with a signature in it nothing can be guessed.
enum TokenFingerprint {
  /// The fingerprint.
  static func text(of token: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(token.count)
    for index in token.indices { bytes.append(token[index]) }
    return SHA256.hexadecimal(of: bytes, bytes: 6)
  }
}
