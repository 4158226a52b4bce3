/// The result of a signature check.
///
/// Not a `Bool`: a client must throw away a token with a bad signature, but may ask again if libcrypto had no memory.
package enum SignatureOutcome: Sendable {
  /// The key's owner made it of this message.
  case good
  /// The key's owner did not make it of this message.
  case bad
  /// libcrypto could not do its work, so it may be either.
  case undecided
}
