internal import CLibcrypto

/// A private key with which development issuers and tests sign tokens.
///
/// It makes whatever it is asked for, weak keys too, because tests need them; what may be trusted is the verifier's
/// business. It shares no code with the verifier, so that a mistake in one shows against the other.
///
/// Safe because the `EVP_PKEY` is owned by this object alone and never written after `init`; libcrypto guards what it
/// caches inside a key with the key's own lock.
@safe package final class SigningKey: @unchecked Sendable {
  /// A prime curve of RFC 7518 section 6.2.1.1.
  package enum Curve: String, Hashable, Sendable, CaseIterable {
    /// P-256.
    case p256 = "P-256"
    /// P-384.
    case p384 = "P-384"
    /// P-521.
    case p521 = "P-521"

    /// The length of a coordinate in bytes.
    package var coordinateBytes: Int {
      switch self {
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    }
  }

  /// What a key is.
  package enum Parameters: Hashable, Sendable {
    /// RSA with a modulus of so many bits and the exponent 65537.
    case rsa(bits: Int)
    /// A key on a prime curve.
    case ec(Curve)
    /// An Ed25519 key.
    case ed25519
    /// An Ed448 key.
    case ed448
  }

  /// What the key is.
  package let kind: Parameters

  /// The `EVP_PKEY`; borrowed by whoever reads it, for as long as it keeps this object alive.
  let handle: OpaquePointer

  /// Generates a key.
  ///
  /// - Parameter kind: What key.
  /// - Returns: The key.
  /// - Throws: ``SigningFault/generationFailed``.
  package static func generate(_ kind: Parameters) throws(SigningFault) -> SigningKey {
    guard let handle = unsafe generateHandle(kind) else {
      ERR_clear_error()
      throw .generationFailed
    }
    return unsafe SigningKey(owning: handle, kind: kind)
  }

  @unsafe init(owning handle: OpaquePointer, kind: Parameters) {
    unsafe self.handle = handle
    self.kind = kind
  }

  deinit {
    unsafe EVP_PKEY_free(handle)
  }

  @unsafe private static func generateHandle(_ kind: Parameters) -> OpaquePointer? {
    let type =
      switch kind {
      case .rsa: "RSA"
      case .ec: "EC"
      case .ed25519: "ED25519"
      case .ed448: "ED448"
      }
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_keygen_init(context) == 1 else { return nil }
    switch kind {
    case .rsa(let bits):
      guard let bits = CInt(exactly: bits), unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1
      else { return nil }
    case .ec(let curve):
      guard unsafe EVP_PKEY_CTX_set_group_name(context, curve.rawValue) == 1 else { return nil }
    case .ed25519, .ed448:
      break
    }
    var handle: OpaquePointer?
    guard unsafe EVP_PKEY_generate(context, &handle) == 1 else { return nil }
    return unsafe handle
  }
}
