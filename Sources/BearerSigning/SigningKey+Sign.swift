internal import CLibcrypto

extension SigningKey {
  /// Signs a message under an algorithm of JOSE.
  ///
  /// RSA keys sign with any of the six RSA algorithms; EC keys only with the algorithm of their curve.
  ///
  /// - Parameters:
  ///   - message: What to sign.
  ///   - algorithm: The name in `alg`: `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `ES512`,
  ///     `EdDSA`, `Ed25519` or `Ed448` (RFC 7518 section 3.1, RFC 8037, RFC 9864).
  /// - Returns: The signature's octets; for ECDSA `r || s` (RFC 7518 section 3.4).
  /// - Throws: ``SigningFault/algorithmDoesNotFit``, ``SigningFault/signingFailed``.
  package func sign(_ message: [UInt8], algorithm: String) throws(SigningFault) -> [UInt8] {
    let (digest, isPSS) = try digest(for: algorithm)
    guard let signature = unsafe signature(of: message, digest: digest, isPSS: isPSS) else {
      ERR_clear_error()
      throw .signingFailed
    }
    guard case .ec(let curve) = kind else { return signature }
    guard let fixed = unsafe Self.fixedLength(der: signature, coordinateBytes: curve.coordinateBytes) else {
      ERR_clear_error()
      throw .signingFailed
    }
    return fixed
  }

  private func digest(for algorithm: String) throws(SigningFault) -> (name: String?, isPSS: Bool) {
    switch (kind, algorithm) {
    case (.rsa, "RS256"): ("SHA256", false)
    case (.rsa, "RS384"): ("SHA384", false)
    case (.rsa, "RS512"): ("SHA512", false)
    case (.rsa, "PS256"): ("SHA256", true)
    case (.rsa, "PS384"): ("SHA384", true)
    case (.rsa, "PS512"): ("SHA512", true)
    case (.ec(.p256), "ES256"): ("SHA256", false)
    case (.ec(.p384), "ES384"): ("SHA384", false)
    case (.ec(.p521), "ES512"): ("SHA512", false)
    case (.ed25519, "EdDSA"), (.ed25519, "Ed25519"): (nil, false)
    case (.ed448, "EdDSA"), (.ed448, "Ed448"): (nil, false)
    default: throw .algorithmDoesNotFit
    }
  }

  @unsafe private func signature(of message: [UInt8], digest: String?, isPSS: Bool) -> [UInt8]? {
    guard let context = unsafe EVP_MD_CTX_new() else { return nil }
    defer { unsafe EVP_MD_CTX_free(context) }
    // Borrowed from `context`, which frees it.
    var parameters: OpaquePointer?
    guard unsafe EVP_DigestSignInit_ex(context, &parameters, digest, nil, nil, handle, nil) == 1 else { return nil }
    if isPSS {
      guard unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
        unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
      else { return nil }
    }
    var count = 0
    guard unsafe EVP_DigestSign(context, nil, &count, message, message.count) == 1 else { return nil }
    var signature = [UInt8](repeating: 0, count: count)
    guard unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else { return nil }
    return Array(signature.prefix(count))
  }

  @unsafe private static func fixedLength(der: [UInt8], coordinateBytes: Int) -> [UInt8]? {
    // Safe because the pointer that libcrypto moves is used only while the array is borrowed.
    let decoded = unsafe der.withUnsafeBufferPointer { der in
      var start = der.baseAddress
      return unsafe d2i_ECDSA_SIG(nil, &start, der.count)
    }
    guard let decoded = unsafe decoded else { return nil }
    defer { unsafe ECDSA_SIG_free(decoded) }
    let length = CInt(coordinateBytes)
    var r = [UInt8](repeating: 0, count: coordinateBytes)
    var s = r
    guard unsafe BN_bn2binpad(ECDSA_SIG_get0_r(decoded), &r, length) == length,
      unsafe BN_bn2binpad(ECDSA_SIG_get0_s(decoded), &s, length) == length
    else { return nil }
    return r + s
  }
}
