internal import CLibcrypto

/// libcrypto's working state for verifying with one key under one scheme; used by one call at a time.
///
/// The costly part of a verification in OpenSSL 3, beside the arithmetic, is its preparation: looking up algorithms by
/// name, allocating, copying parameters. All of it is done once, here. Measured with OpenSSL 3.0.22 over 700 bytes, in
/// microseconds (least of nine rounds), for RS256, PS256, ES256 and Ed25519; `EVP_PKEY_verify` of a ready digest alone
/// takes 16.3, 17.2 and 58.7:
///
///     EVP_DigestVerifyInit_ex and EVP_DigestVerify each time      18.4   20.2   61.4   102.9
///     EVP_MD_CTX_copy_ex of a prepared context, EVP_DigestVerify  17.0   18.1   60.0   101.5
///     digest, then EVP_PKEY_CTX_dup and EVP_PKEY_verify           17.0   17.9
///     digest, then EVP_PKEY_verify, both contexts used again      16.7   17.7   59.6
///
/// So RSA and ECDSA take the last way; that EVP_PKEY_verify may be called again on the same context with the same
/// parameters is its documented contract. EdDSA has no separate digest, and a context is good for one EVP_DigestVerify
/// (from OpenSSL 3.2 on a second call fails), so it takes the second.
///
/// Safe because everything it points to is owned by it alone, freed with it, and touched by one call at a time: the
/// verifier hands a context out under a lock. The `EVP_PKEY` behind it is shared, and only read.
@safe final class VerificationContext: @unchecked Sendable {
  /// Safe because it only carries the pointers from `init` to the calls below, which own up to what they do with them.
  @safe private enum Method {
    /// An `EVP_MD_CTX` and its `EVP_MD`, and an `EVP_PKEY_CTX` ready for `EVP_PKEY_verify`.
    case digestThenVerify(DigestAlgorithm, digest: OpaquePointer, operation: OpaquePointer)
    /// Two `EVP_MD_CTX`: one ready for `EVP_DigestVerify`, and one into which it is copied for each call.
    case oneShot(prepared: OpaquePointer, working: OpaquePointer)
  }

  private let method: Method
  private let scheme: SignatureScheme

  /// Prepares a context; `nil` if libcrypto refuses: the scheme does not fit the key, or there is no memory.
  init?(key: PublicKey, scheme: SignatureScheme) {
    let method: Method? =
      switch scheme {
      case .rsaPKCS1(let digest), .rsaPSS(let digest), .ecdsa(_, let digest):
        Self.digestThenVerify(key, scheme, digest)
      case .ed25519, .ed448:
        Self.oneShot(key)
      }
    guard let method else {
      ErrorQueue.clear()
      return nil
    }
    self.method = method
    self.scheme = scheme
  }

  deinit {
    switch method {
    case .digestThenVerify(_, let digest, let operation):
      unsafe EVP_MD_CTX_free(digest)
      unsafe EVP_PKEY_CTX_free(operation)
    case .oneShot(let prepared, let working):
      unsafe EVP_MD_CTX_free(prepared)
      unsafe EVP_MD_CTX_free(working)
    }
  }

  private static func digestThenVerify(
    _ key: PublicKey, _ scheme: SignatureScheme, _ algorithm: DigestAlgorithm
  ) -> Method? {
    guard let implementation = algorithm.implementation,
      let digest = unsafe EVP_MD_CTX_new()
    else { return nil }
    guard let operation = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key.handle, nil) else {
      unsafe EVP_MD_CTX_free(digest)
      return nil
    }
    guard unsafe EVP_PKEY_verify_init(operation) == 1,
      unsafe setPadding(operation, scheme),
      unsafe EVP_PKEY_CTX_set_signature_md(operation, implementation) == 1,
      unsafe setMaskAndSalt(operation, scheme, implementation)
    else {
      unsafe EVP_MD_CTX_free(digest)
      unsafe EVP_PKEY_CTX_free(operation)
      return nil
    }
    return unsafe .digestThenVerify(algorithm, digest: digest, operation: operation)
  }

  @unsafe private static func setPadding(_ operation: OpaquePointer, _ scheme: SignatureScheme) -> Bool {
    switch scheme {
    case .rsaPKCS1: unsafe EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_PADDING) == 1
    case .rsaPSS: unsafe EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_PSS_PADDING) == 1
    case .ecdsa, .ed25519, .ed448: true
    }
  }

  @unsafe private static func setMaskAndSalt(
    _ operation: OpaquePointer, _ scheme: SignatureScheme, _ implementation: OpaquePointer
  ) -> Bool {
    guard case .rsaPSS(let digest) = scheme else { return true }
    // RFC 7518 section 3.5 fixes the salt's length, so libcrypto must not take it from the signature.
    return unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(operation, implementation) == 1
      && EVP_PKEY_CTX_set_rsa_pss_saltlen(operation, CInt(digest.byteCount)) == 1
  }

  private static func oneShot(_ key: PublicKey) -> Method? {
    guard let prepared = unsafe EVP_MD_CTX_new() else { return nil }
    guard let working = unsafe EVP_MD_CTX_new() else {
      unsafe EVP_MD_CTX_free(prepared)
      return nil
    }
    guard unsafe EVP_DigestVerifyInit_ex(prepared, nil, nil, nil, nil, key.handle, nil) == 1 else {
      unsafe EVP_MD_CTX_free(prepared)
      unsafe EVP_MD_CTX_free(working)
      return nil
    }
    return unsafe .oneShot(prepared: prepared, working: working)
  }

  /// Checks a signature that is already known to have the scheme's length.
  ///
  /// Leaves the thread's error queue empty.
  func check(signature: Span<UInt8>, over message: Span<UInt8>) -> SignatureOutcome {
    let outcome =
      switch method {
      case .digestThenVerify(let algorithm, let digest, let operation):
        unsafe Self.check(signature, message, scheme, algorithm, digest, operation)
      case .oneShot(let prepared, let working):
        unsafe Self.check(signature, message, prepared, working)
      }
    if outcome != .good {
      ErrorQueue.clear()
    }
    return outcome
  }

  @unsafe private static func check(
    _ signature: Span<UInt8>, _ message: Span<UInt8>, _ scheme: SignatureScheme, _ algorithm: DigestAlgorithm,
    _ digest: OpaquePointer, _ operation: OpaquePointer
  ) -> SignatureOutcome {
    var digestValue = InlineArray<64, UInt8>(repeating: 0)
    guard
      unsafe EVP_DigestInit_ex2(digest, algorithm.implementation, nil) == 1,
      unsafe message.withUnsafeBufferPointer({ unsafe EVP_DigestUpdate(digest, $0.baseAddress, $0.count) }) == 1,
      // Safe because the buffer holds the longest digest there is.
      unsafe withUnsafeMutableBytes(of: &digestValue, { unsafe EVP_DigestFinal_ex(digest, $0.baseAddress, nil) }) == 1
    else { return .undecided }
    let digestBytes = digestValue.span.extracting(first: algorithm.byteCount)

    guard case .ecdsa(let curve, _) = scheme else {
      switch unsafe verify(signature, digestBytes, operation) {
      case 1: return .good
      // libcrypto also returns zero for an RSA signature for which it had no memory.
      case 0: return ErrorQueue.blamesSignature ? .bad : .undecided
      default: return .undecided
      }
    }
    var der = InlineArray<141, UInt8>(repeating: 0)
    var derSpan = der.mutableSpan
    guard let count = ECDSASignature.writeDER(of: signature, coordinateBytes: curve.coordinateBytes, to: &derSpan)
    else { return .bad }
    // Less than zero is a failure of libcrypto (ECDSA_verify(3)), because the DER is made here. The one exception is a
    // signature that makes the computation itself fail.
    switch unsafe verify(der.span.extracting(first: count), digestBytes, operation) {
    case 1: return .good
    case 0: return .bad
    default: return ErrorQueue.blamesSignature ? .bad : .undecided
    }
  }

  /// EVP_PKEY_verify(3): 1 for a good signature, 0 for a bad one, less for an error.
  @unsafe private static func verify(
    _ signature: Span<UInt8>, _ digest: Span<UInt8>, _ operation: OpaquePointer
  ) -> CInt {
    unsafe signature.withUnsafeBufferPointer { signature in
      unsafe digest.withUnsafeBufferPointer { digest in
        unsafe EVP_PKEY_verify(operation, signature.baseAddress, signature.count, digest.baseAddress, digest.count)
      }
    }
  }

  @unsafe private static func check(
    _ signature: Span<UInt8>, _ message: Span<UInt8>, _ prepared: OpaquePointer, _ working: OpaquePointer
  ) -> SignatureOutcome {
    guard unsafe EVP_MD_CTX_copy_ex(working, prepared) == 1 else { return .undecided }
    let result = unsafe signature.withUnsafeBufferPointer { signature in
      unsafe message.withUnsafeBufferPointer { message in
        unsafe EVP_DigestVerify(working, signature.baseAddress, signature.count, message.baseAddress, message.count)
      }
    }
    switch result {
    case 1: return .good
    // A bad signature leaves no error. Before OpenSSL 3.2 a lack of memory for the inner digest leaves none either, so
    // a digest is made here to find out.
    case 0 where ErrorQueue.isEmpty:
      guard let digest = unsafe EVP_MD_CTX_new() else { return .undecided }
      defer { unsafe EVP_MD_CTX_free(digest) }
      return unsafe EVP_DigestInit_ex2(digest, DigestAlgorithm.sha512.implementation, nil) == 1 ? .bad : .undecided
    default: return .undecided
    }
  }
}
