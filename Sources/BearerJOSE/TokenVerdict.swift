package import BearerClaims

/// What the verifier says of a token.
package enum TokenVerdict {
  /// Every check passed.
  case accepted(VerifiedToken)
  /// A check failed.
  case rejected(Rejection)
  /// The key that the token needs is missing, and every check that needs no key passes.
  case keyMissing(MissingKey)
  /// The signature could not be checked, and every check that needs no key passes.
  case undecided
}

/// The key that a token needs.
package struct MissingKey: Equatable, Sendable {
  /// The issuer's index.
  package let issuer: Int
  /// The name of the key, if the token names one.
  package let kid: [UInt8]?
  /// Whether other keys were tried, because the token or a key has no name; if no new key comes, the signature is bad.
  package let isTried: Bool
}
