/// Why parameters do not make a usable public key.
package enum PublicKeyFault: Error, Hashable, Sendable, CaseIterable {
  /// The RSA modulus has fewer than 2048 bits.
  case rsaModulusTooSmall
  /// The RSA modulus has more than 8192 bits.
  case rsaModulusTooLarge
  /// The RSA modulus is even, so not a product of two odd primes.
  case rsaModulusEven
  /// The RSA exponent is below 65537 or above 2^64.
  case rsaExponentOutOfRange
  /// The RSA exponent is even, so not one that can sign.
  case rsaExponentEven
  /// A coordinate is longer than the curve's field.
  case coordinateTooLong
  /// The point is not on the curve, or a coordinate is not in its field.
  case pointNotOnCurve
  /// An Ed25519 or Ed448 key is not exactly 32 or 57 bytes long.
  case wrongKeyLength
  /// An Ed25519 or Ed448 key is not the canonical encoding of a point (RFC 8032 sections 5.1.3 and 5.2.3).
  case pointNotCanonical
  /// An Ed25519 or Ed448 key is a point of small order: anyone could forge signatures for it.
  case pointOfSmallOrder
  /// libcrypto refused parameters that no rule above refuses, or cannot compute with such keys.
  case rejectedByLibcrypto
  /// libcrypto failed, probably for lack of memory: the key may be good.
  case undecided
}
