/// How a signature is computed, with every parameter fixed and without JOSE's names.
///
/// The mapping from `alg` lives with the algorithms, so that nothing in this module can be steered by a token.
package enum SignatureScheme: Hashable, Sendable {
  /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
  case rsaPKCS1(DigestAlgorithm)
  /// RSASSA-PSS (RFC 8017 section 8.1) with a salt exactly as long as the digest, and MGF1 with the same digest
  /// (RFC 7518 section 3.5).
  case rsaPSS(DigestAlgorithm)
  /// ECDSA (FIPS 186-5) with a signature of fixed length, `r || s` (RFC 7518 section 3.4).
  case ecdsa(EllipticCurve, DigestAlgorithm)
  /// Pure Ed25519 (RFC 8032 section 5.1).
  case ed25519
  /// Pure Ed448 with an empty context (RFC 8032 section 5.2).
  case ed448
}
