package import BearerClaims

/// What a token is verified with, besides keys.
package struct VerificationInput: Sendable {
  /// All issuers; replies and policies refer to them by index.
  package let issuers: IssuerTable
  /// What must hold.
  package let policy: EffectivePolicy
  /// The time to verify at.
  package let now: NumericDate

  /// An input.
  package init(issuers: IssuerTable, policy: EffectivePolicy, now: NumericDate) {
    self.issuers = issuers
    self.policy = policy
    self.now = now
  }
}
