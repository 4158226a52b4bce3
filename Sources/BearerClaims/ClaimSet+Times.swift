/// Times (RFC 7519 sections 4.1.4 to 4.1.6); the leeway always favours the token.
extension ClaimSet {
  func checkExpiry(_ question: ClaimQuestion) throws(Rejection) {
    guard let expiry = registered.expiry.date else { return }
    if question.now >= question.policy.end(expiry) {
      throw Rejection(.expired, "The token has expired.", claim: "exp")
    }
  }

  func checkNotBefore(_ question: ClaimQuestion) throws(Rejection) {
    guard let notBefore = registered.notBefore.date else { return }
    if question.now < question.policy.beginning(notBefore) {
      throw Rejection(.notYetValid, "The token is not valid yet.", claim: "nbf")
    }
  }

  func checkIssuedAt(_ question: ClaimQuestion) throws(Rejection) {
    guard let issuedAt = registered.issuedAt.date else { return }
    if question.now < question.policy.beginning(issuedAt) {
      throw Rejection(
        .issuedInFuture, "The token was issued in the future; is the clock of this host or of the issuer wrong?",
        claim: "iat")
    }
  }

  /// The period in which all checks of times pass, that of `auth_time` included; no other check depends on time.
  package func validity(under policy: EffectivePolicy) -> Validity {
    var validity = Validity(from: NumericDate(microseconds: .min), before: NumericDate(microseconds: .max))
    if let expiry = registered.expiry.date { validity.end(before: policy.end(expiry)) }
    if let notBefore = registered.notBefore.date { validity.begin(at: policy.beginning(notBefore)) }
    if let issuedAt = registered.issuedAt.date { validity.begin(at: policy.beginning(issuedAt)) }
    if let maximumAge = policy.maximumAge, let authenticated = registered.authenticationTime.date {
      validity.begin(at: policy.beginning(authenticated))
      validity.end(before: policy.endOfAuthentication(authenticated, maximumAge))
    }
    return validity
  }
}

extension EffectivePolicy {
  /// When something that lasts until `date` has ended, with leeway.
  func end(_ date: NumericDate) -> NumericDate { date.adding(microseconds: leewayMicroseconds) }

  /// When something that begins at `date` has begun, with leeway.
  func beginning(_ date: NumericDate) -> NumericDate {
    let (difference, overflow) = date.microseconds.subtractingReportingOverflow(leewayMicroseconds)
    return NumericDate(microseconds: overflow ? .min : difference)
  }

  /// The first moment at which an authentication is too old.
  func endOfAuthentication(_ date: NumericDate, _ maximumAge: Int64) -> NumericDate {
    end(date.adding(.seconds(maximumAge))).adding(microseconds: 1)
  }
}

/// A half-open period: ``from`` belongs to it, ``before`` does not.
package struct Validity: Equatable, Sendable {
  /// The first moment.
  package private(set) var from: NumericDate
  /// The first moment after the period.
  package private(set) var before: NumericDate

  /// Whether `now` is in the period.
  package func contains(_ now: NumericDate) -> Bool { from <= now && now < before }

  mutating func begin(at date: NumericDate) { from = max(from, date) }
  mutating func end(before date: NumericDate) { before = min(before, date) }
}
