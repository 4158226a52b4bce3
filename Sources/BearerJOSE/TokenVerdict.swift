package import BearerClaims

/// What the verifier says of a token.
package enum TokenVerdict {
  /// Every check passed.
  case accepted(VerifiedToken)
  /// A check failed.
  case rejected(Rejection)
  /// The key that the token needs is not there, and nothing else is wrong that can be seen without it.
  case keyMissing(MissingKey)
  /// The signature could not be checked, and nothing else is wrong that can be seen without it.
  case undecided
}

/// The key that a token needs.
package struct MissingKey: Equatable, Sendable {
  /// The issuer's index.
  package let issuer: Int
  /// The name of the key, if the token names one.
  package let kid: [UInt8]?
  /// Whether keys were tried that it could have been, since the token or a key bears no name: if no new key comes, it is
  /// the signature that is bad.
  package let isTried: Bool
}
