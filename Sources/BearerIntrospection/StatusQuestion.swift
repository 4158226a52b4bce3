/// What is asked about a token, and why.
package struct StatusQuestion: Sendable {
  /// What the answer is needed for.
  package enum Purpose: Equatable, Sendable {
    /// The token is opaque: without an answer nothing is known of it.
    case opaque
    /// The token is a JWT that is good locally; a yes counts for the time `every`.
    case recheck(every: Duration)
  }

  /// The token.
  package var digest: TokenDigest
  /// What the answer is needed for.
  package var purpose: Purpose

  /// A question.
  package init(_ digest: TokenDigest, _ purpose: Purpose) {
    self.digest = digest
    self.purpose = purpose
  }

  /// Whether it is about a JWT that is good locally.
  var isRecheck: Bool { purpose != .opaque }
}
