internal import CLibcrypto

/// A digest of the SHA-2 family (FIPS 180-4), as JOSE's signature algorithms use it.
package enum DigestAlgorithm: Hashable, Sendable, CaseIterable {
  case sha256
  case sha384
  case sha512

  /// The length of a digest in bytes.
  package var byteCount: Int {
    switch self {
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }
}

extension DigestAlgorithm {
  /// The longest digest of all cases, in bytes.
  static let maximumByteCount = 64

  /// libcrypto's implementation, an `EVP_MD`, looked up once in the process.
  ///
  /// In OpenSSL 3 a digest named at each use is looked up among the providers at each use, which costs several
  /// microseconds and a lock; a fetched one costs nothing. `nil` only if libcrypto has been built or configured
  /// without the digest.
  ///
  /// Safe because an `EVP_MD` never changes after the fetch, is reference counted, and is never freed here.
  @safe var implementation: OpaquePointer? {
    switch self {
    case .sha256: unsafe Self.fetchedSHA256
    case .sha384: unsafe Self.fetchedSHA384
    case .sha512: unsafe Self.fetchedSHA512
    }
  }

  // Safe because each is written once, before anyone reads it, and what it points to is immutable.
  private nonisolated(unsafe) static let fetchedSHA256 = unsafe EVP_MD_fetch(nil, "SHA256", nil)
  private nonisolated(unsafe) static let fetchedSHA384 = unsafe EVP_MD_fetch(nil, "SHA384", nil)
  private nonisolated(unsafe) static let fetchedSHA512 = unsafe EVP_MD_fetch(nil, "SHA512", nil)
}
