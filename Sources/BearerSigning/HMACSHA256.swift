internal import CLibcrypto

/// HMAC with SHA-256 (RFC 2104), for hostile tokens that claim `HS256` under a public key; no verifier has it.
package enum HMACSHA256 {
  /// The message authentication code.
  ///
  /// - Parameters:
  ///   - key: The key, of any length.
  ///   - message: The message.
  /// - Returns: The 32 bytes of the code.
  package static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    var count: CUnsignedInt = 0
    // Safe because the buffer holds the 32 bytes that SHA-256 makes. An empty key still needs an address: without one
    // libcrypto would take the key of an earlier call.
    let result = unsafe HMAC(
      EVP_sha256(), key.isEmpty ? [0] : key, CInt(key.count), message, message.count, &code, &count)
    precondition(unsafe result != nil && count == 32, "libcrypto cannot compute HMAC with SHA-256")
    return code
  }
}
