internal import CLibcrypto

/// SHA-256 (FIPS 180-4) of one text after another, each whole and at hand; used by one caller at a time.
///
/// It is ``SHA256`` for who digests all the time: libcrypto's working state, which `EVP_Digest` allocates and frees for
/// each text, is kept.
///
/// Safe because the context is owned by this object alone, freed with it, and touched by one call at a time: the object
/// is not `Sendable`.
@safe package final class SHA256Digester {
  private let context: OpaquePointer?

  /// Prepares the working state.
  package init() {
    unsafe context = EVP_MD_CTX_new()
  }

  deinit {
    unsafe EVP_MD_CTX_free(context)
  }

  /// The digest as four words, like that of ``SHA256``.
  ///
  /// - Parameter bytes: What to digest.
  /// - Returns: The 32 bytes of the digest.
  package func digest(of bytes: Span<UInt8>) -> (UInt64, UInt64, UInt64, UInt64) {
    var digest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    // Safe because the four words have room for 32 bytes, and the bytes are only read during the call.
    let isDone = unsafe withUnsafeMutableBytes(of: &digest) { digest in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe EVP_DigestInit_ex2(context, DigestAlgorithm.sha256.implementation, nil) == 1
          && EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
          && EVP_DigestFinal_ex(context, digest.baseAddress, nil) == 1
      }
    }
    // As in `SHA256`: without a digest, to go on with zeros would make all tokens equal.
    precondition(isDone, "libcrypto cannot compute SHA-256")
    return digest
  }
}
