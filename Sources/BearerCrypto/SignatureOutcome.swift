/// What came of checking a signature.
///
/// Not a `Bool`: whether libcrypto had no memory or the signature is bad decides whether a client is told to ask again
/// or to throw its token away.
package enum SignatureOutcome: Sendable {
  /// The key's owner made it of this message.
  case good
  /// It is not the key owner's.
  case bad
  /// libcrypto could not do its work, so it may be either.
  case undecided
}
