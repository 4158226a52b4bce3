package import BearerClaims
package import BearerIntrospection

/// An issuer's back-end as answers need it.
package struct IssuerBackEnd: Sendable {
  /// Its owner.
  package let backEnd: BackEnd
  /// What its answers are worth.
  package let evidence: Evidence

  /// A back-end.
  ///
  /// - Parameters:
  ///   - backEnd: Its owner.
  ///   - assumedAudiences: For whom all tokens are by the operator's word, if that is said.
  ///   - profile: How the issuer writes claims.
  package init(_ backEnd: BackEnd, assumedAudiences: [String]? = nil, profile: IssuerProfile = IssuerProfile()) {
    self.backEnd = backEnd
    evidence = Evidence(
      .introspection, assumedAudiences: assumedAudiences?.map { Array($0.utf8) },
      profile: PreparedProfile(profile, isOfAnswers: true))
  }

  /// Whole seconds for which a good token may still be counted on: until its `exp`, and without one for no longer than
  /// its answer is kept.
  func secondsLeft(of status: KnownStatus, until expiry: NumericDate?, at now: NumericDate) -> Int64 {
    expiry?.secondsLeft(at: now) ?? backEnd.remaining(of: status).components.seconds
  }
}

/// A word of a back-end that a verdict lacks.
struct MissingStatus {
  /// The issuer's index.
  let issuer: Int
  /// What is asked.
  let question: StatusQuestion
  /// What the answer must agree with.
  let identity: TokenIdentity?

  var isRecheck: Bool { question.purpose != .opaque }
}

/// A word of a back-end that was waited for: it counts for this verdict, however long it may be kept.
struct GivenStatus {
  /// Who said it; one that a reload replaced has no say.
  let backEnd: BackEnd
  /// About which token.
  let digest: TokenDigest
  /// What it said; `nil` if nothing is known and the policy lets the token pass anyway.
  let status: KnownStatus?
}
