package import BearerClaims
package import BearerIntrospection

/// An issuer's back-end as answers need it.
package struct IssuerBackEnd: Sendable {
  /// The object that asks it and keeps its answers.
  package let backEnd: BackEnd
  /// What the claims in its answers rest on.
  package let evidence: Evidence

  /// A back-end.
  ///
  /// - Parameters:
  ///   - backEnd: The object that asks it and keeps its answers.
  ///   - assumedAudiences: The audiences that the operator assumes for all its tokens, if any.
  ///   - profile: How the issuer writes claims.
  package init(_ backEnd: BackEnd, assumedAudiences: [String]? = nil, profile: IssuerProfile = IssuerProfile()) {
    self.backEnd = backEnd
    evidence = Evidence(
      .introspection, assumedAudiences: assumedAudiences?.map { Array($0.utf8) },
      profile: PreparedProfile(profile, isOfAnswers: true))
  }

  /// Whole seconds for which a good token counts: until its `exp`, and without one no longer than its answer is kept.
  func secondsLeft(of status: KnownStatus, until expiry: NumericDate?, at now: NumericDate) -> Int64 {
    expiry?.secondsLeft(at: now) ?? backEnd.remaining(of: status).components.seconds
  }
}

/// An answer of a back-end that a verdict needs.
struct MissingStatus {
  /// The issuer's index.
  let issuer: Int
  /// What is asked.
  let question: StatusQuestion
  /// What the answer must agree with.
  let identity: TokenIdentity?

  var isRecheck: Bool { question.purpose != .opaque }
}

/// An answer of a back-end that was waited for: it counts for this verdict, however long it may be kept.
struct GivenStatus {
  /// The back-end that answered; one that a reload replaced does not count.
  let backEnd: BackEnd
  /// The token that the answer is about.
  let digest: TokenDigest
  /// The answer; `nil` if there is none and the policy lets the token pass anyway.
  let status: KnownStatus?
}
