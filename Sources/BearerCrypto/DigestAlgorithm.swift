internal import CLibcrypto
internal import Synchronization

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
  /// libcrypto's implementation, an `EVP_MD`, looked up once in the process.
  ///
  /// In OpenSSL 3 a digest named at each use is looked up among the providers at each use, which costs several
  /// microseconds and a lock; a fetched one costs nothing. `nil` only if libcrypto has no memory for it, and then it is
  /// looked up again the next time; or if it has been built or configured without the digest.
  ///
  /// Safe because an `EVP_MD` never changes after the fetch, is reference counted, and once kept is never freed.
  @safe var implementation: OpaquePointer? {
    switch self {
    case .sha256: unsafe Self.fetch("SHA256", keptIn: Self.fetchedSHA256)
    case .sha384: unsafe Self.fetch("SHA384", keptIn: Self.fetchedSHA384)
    case .sha512: unsafe Self.fetch("SHA512", keptIn: Self.fetchedSHA512)
    }
  }

  // The addresses of the digests; 0 before they are fetched.
  private static let fetchedSHA256 = Atomic<UInt>(0)
  private static let fetchedSHA384 = Atomic<UInt>(0)
  private static let fetchedSHA512 = Atomic<UInt>(0)

  @unsafe private static func fetch(_ name: String, keptIn place: borrowing Atomic<UInt>) -> OpaquePointer? {
    if let kept = unsafe OpaquePointer(bitPattern: place.load(ordering: .acquiring)) { return unsafe kept }
    guard let fetched = unsafe EVP_MD_fetch(nil, name, nil) else { return nil }
    let (isKept, earlier) = place.compareExchange(
      expected: 0, desired: UInt(bitPattern: fetched), ordering: .acquiringAndReleasing)
    if isKept { return unsafe fetched }
    unsafe EVP_MD_free(fetched)
    return unsafe OpaquePointer(bitPattern: earlier)
  }
}
