/// Why a key could not be made, read or used.
package enum SigningFault: Error, Hashable, Sendable {
  /// libcrypto could not generate the key; for RSA, usually because of an impossible length.
  case generationFailed
  /// The bytes are not an unencrypted private key in PEM.
  case notAPrivateKey
  /// The private key is of a type or on a curve that no JOSE signature algorithm uses.
  case unsupportedKey
  /// The key could not be written as PEM.
  case exportFailed
  /// No signature algorithm has this name, or it is not one for this kind of key.
  case algorithmDoesNotFit
  /// libcrypto could not sign.
  case signingFailed
}
