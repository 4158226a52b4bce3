/// A value that a policy may demand of a claim.
package enum ClaimValue: Hashable, Sendable {
  case string(String)
  case integer(Int64)
  case boolean(Bool)
}

/// One `claims` entry of a policy: the claim equals one of the values, or is a list that holds one of them.
package struct ClaimRequirement: Equatable, Sendable {
  /// The claim's name.
  package var claim: String
  /// The values of which one must be found; never empty.
  package var anyOf: [ClaimValue]

  /// Demands that `claim` has one of `anyOf`.
  package init(claim: String, anyOf: [ClaimValue]) {
    self.claim = claim
    self.anyOf = anyOf
  }
}
