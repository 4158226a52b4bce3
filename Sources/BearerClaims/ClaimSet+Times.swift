import BearerJSON

/// Times (RFC 7519 sections 4.1.4 to 4.1.6); the leeway always speaks for the token.
extension ClaimSet {
  func checkExpiry(_ question: ClaimQuestion) throws(Rejection) {
    guard let expiry = registered.expiry.date else { return }
    if question.now >= expiry.adding(microseconds: question.policy.leewayMicroseconds) {
      throw Rejection(.expired, "The token has expired.", claim: "exp")
    }
  }

  func checkNotBefore(_ question: ClaimQuestion) throws(Rejection) {
    guard let notBefore = registered.notBefore.date else { return }
    if notBefore > question.now.adding(microseconds: question.policy.leewayMicroseconds) {
      throw Rejection(.notYetValid, "The token is not valid yet.", claim: "nbf")
    }
  }

  func checkIssuedAt(_ question: ClaimQuestion) throws(Rejection) {
    guard let issuedAt = registered.issuedAt.date else { return }
    if issuedAt > question.now.adding(microseconds: question.policy.leewayMicroseconds) {
      throw Rejection(
        .issuedInFuture, "The token was issued in the future; is the clock of this host or of the issuer wrong?",
        claim: "iat")
    }
  }
}
