package import BearerClaims

/// What a back-end says of a token: evidence, not a verdict.
package enum TokenStatus: Sendable {
  /// It is active, and this is what is known of it.
  case active(ActiveToken)
  /// The token is not active, or the asker may not know.
  case inactive
}

/// What a back-end answered about an active token, kept as it came.
package final class ActiveToken: Sendable {
  /// An object.
  package let claims: ClaimSet

  /// Keeps a copy that is no larger than it must be.
  package init(_ claims: ClaimSet) {
    self.claims = claims.compact()
  }

  /// What all of it takes in memory: an object with a header of 16 bytes and the up to 24 that malloc adds.
  package var heldBytes: Int { 16 + 24 + claims.heldBytes }
}
