internal import CLibcrypto

extension SigningKey {
  /// Reads a private key from PEM.
  ///
  /// - Parameter pem: An unencrypted key, PKCS #8 (RFC 5958) or one of the older forms.
  /// - Throws: ``SigningFault/notAPrivateKey``, ``SigningFault/unsupportedKey``.
  package convenience init(pem: [UInt8]) throws(SigningFault) {
    // The BIO gets a copy. One over the array itself (BIO_new_mem_buf) would keep an address that is good during that
    // call only: optimised code releases the array right after it.
    guard let length = CInt(exactly: pem.count), let source = unsafe BIO_new(BIO_s_mem()) else {
      throw .notAPrivateKey
    }
    defer { unsafe BIO_free(source) }
    guard unsafe BIO_write(source, pem, length) == length else { throw .notAPrivateKey }
    // The callback has no passphrase to give. Without one libcrypto would ask for it on the terminal.
    guard let handle = unsafe PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil) else {
      ERR_clear_error()
      throw .notAPrivateKey
    }
    guard let kind = unsafe SigningKey.kind(of: handle) else {
      unsafe EVP_PKEY_free(handle)
      ERR_clear_error()
      throw .unsupportedKey
    }
    unsafe self.init(owning: handle, kind: kind)
  }

  /// The private key as unencrypted PKCS #8 in PEM (RFC 7468 section 10).
  ///
  /// - Returns: The text's bytes, with a newline at the end.
  /// - Throws: ``SigningFault/exportFailed``.
  package func privatePEM() throws(SigningFault) -> [UInt8] {
    guard let sink = unsafe BIO_new(BIO_s_mem()) else { throw .exportFailed }
    defer { unsafe BIO_free(sink) }
    guard unsafe PEM_write_bio_PKCS8PrivateKey(sink, handle, nil, nil, 0, nil, nil) == 1 else {
      ERR_clear_error()
      throw .exportFailed
    }
    var pem: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe BIO_read(sink, &chunk, CInt(chunk.count))
      guard count > 0 else { break }
      pem.append(contentsOf: chunk.prefix(Int(count)))
    }
    return pem
  }

  @unsafe private static func kind(of handle: OpaquePointer) -> Parameters? {
    if unsafe EVP_PKEY_is_a(handle, "RSA") == 1 {
      return .rsa(bits: Int(unsafe EVP_PKEY_get_bits(handle)))
    }
    if unsafe EVP_PKEY_is_a(handle, "ED25519") == 1 {
      return .ed25519
    }
    if unsafe EVP_PKEY_is_a(handle, "ED448") == 1 {
      return .ed448
    }
    guard unsafe EVP_PKEY_is_a(handle, "EC") == 1 else { return nil }
    // The longest name that matters is `prime256v1`; a longer one fails and is not ours.
    var name = [CChar](repeating: 0, count: 32)
    var length = 0
    guard unsafe EVP_PKEY_get_group_name(handle, &name, name.count, &length) == 1 else { return nil }
    switch String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) {
    case "prime256v1", "P-256": return .ec(.p256)
    case "secp384r1", "P-384": return .ec(.p384)
    case "secp521r1", "P-521": return .ec(.p521)
    default: return nil
    }
  }
}
