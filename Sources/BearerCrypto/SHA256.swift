internal import CLibcrypto

/// The SHA-256 digest (FIPS 180-4) of bytes that are all at hand; it needs no memory of libcrypto's and cannot fail.
package enum SHA256 {
  /// The digest as four words, a key for a table: equal if and only if the digests are.
  ///
  /// The words are the digest's bytes in the machine's own order; they are not meant to leave the process.
  ///
  /// - Parameter bytes: What to digest.
  /// - Returns: The 32 bytes of the digest.
  package static func digest(of bytes: Span<UInt8>) -> (UInt64, UInt64, UInt64, UInt64) {
    var digest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    // Safe because the four words have room for 32 bytes, and the bytes are only read during the call.
    unsafe withUnsafeMutableBytes(of: &digest) { digest in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe bearerd_sha256(bytes.baseAddress, bytes.count, digest.baseAddress)
      }
    }
    return digest
  }

  /// The digest as 32 bytes.
  ///
  /// - Parameter bytes: What to digest.
  /// - Returns: The 32 bytes of the digest.
  package static func digest(of bytes: [UInt8]) -> [UInt8] {
    let words = digest(of: bytes.span)
    // Safe because a tuple of four words is 32 initialised bytes.
    return unsafe withUnsafeBytes(of: words) { unsafe Array($0) }
  }

  /// The digest, or its first bytes, as lower-case hexadecimal digits.
  ///
  /// - Parameters:
  ///   - bytes: What to digest.
  ///   - count: How many bytes of the digest are wanted.
  /// - Returns: Two digits for each byte.
  package static func hexadecimal(of bytes: [UInt8], bytes count: Int = 32) -> String {
    digest(of: bytes).prefix(count).map { String($0 >> 4, radix: 16) + String($0 & 0xF, radix: 16) }.joined()
  }
}
