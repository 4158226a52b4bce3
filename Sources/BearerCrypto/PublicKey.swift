internal import CLibcrypto

/// A public key that passed every rule, compiled once into the form in which libcrypto computes with it.
///
/// A key is only made by functions that check its parameters, so its users need not check again.
///
/// Safe because the `EVP_PKEY` is owned by this object alone, is never written after `init`, and libcrypto guards what
/// it caches inside a key (Montgomery constants, for one) with the key's own lock (openssl-threads(7)).
@safe package final class PublicKey: @unchecked Sendable {
  /// What a key is, as far as it decides which signatures it can verify.
  package enum KeyType: Hashable, Sendable {
    /// RSA, with the modulus' length in bits.
    case rsa(modulusBits: Int)
    /// A point on a prime curve.
    case ec(EllipticCurve)
    /// An Ed25519 key.
    case ed25519
    /// An Ed448 key.
    case ed448
  }

  /// What the key is.
  package let kind: KeyType

  /// The `EVP_PKEY`; a reader may use it while it keeps this object alive.
  let handle: OpaquePointer

  /// Takes ownership of an `EVP_PKEY` whose parameters have been checked.
  @unsafe init(owning handle: OpaquePointer, kind: KeyType) {
    unsafe self.handle = handle
    self.kind = kind
  }

  deinit {
    unsafe EVP_PKEY_free(handle)
  }

  /// Prepares the verification of many signatures with this key under one scheme.
  ///
  /// It costs several microseconds and belongs to the loading of a key set, not to a request.
  ///
  /// - Parameter scheme: How the signatures were made.
  /// - Returns: The verifier, or `nil` if the scheme does not fit the key, or libcrypto has no memory for it.
  package func verifier(for scheme: SignatureScheme) -> SignatureVerifier? {
    SignatureVerifier(key: self, scheme: scheme)
  }
}

extension PublicKey {
  /// Makes an `EVP_PKEY` of the named type from parameters; `nil` if libcrypto refuses, with its reasons in the queue.
  ///
  /// The caller owns the result, and what `parameters` point to must outlive the call, which only reads it.
  @unsafe static func handle(type: String, parameters: inout [OSSL_PARAM]) -> OpaquePointer? {
    ErrorQueue.clear()
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var handle: OpaquePointer?
    guard unsafe EVP_PKEY_fromdata_init(context) == 1,
      unsafe EVP_PKEY_fromdata(context, &handle, bearerd_public_key_selection(), &parameters) == 1
    else { return nil }
    return unsafe handle
  }
}
