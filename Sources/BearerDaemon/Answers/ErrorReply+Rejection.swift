import BearerClaims
import BearerIntrospection
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol

extension ErrorReply {
  /// The error for a rejected token, with the challenge that tells the client how to do better.
  init(_ rejection: Rejection, _ effective: EffectivePolicy) {
    self.init(rejection)
    let policy = effective.policy
    var challenge = Challenge(realm: policy.realm, resourceMetadata: policy.resourceMetadata)
    switch rejection.code {
    case .token(.missingToken):
      // RFC 6750 section 3.1: no error code for a request without credentials.
      break
    case .token(.multipleCredentials):
      challenge.error = "invalid_request"
      challenge.errorDescription = message
    case .policy(.insufficientScope):
      challenge.error = "insufficient_scope"
      challenge.errorDescription = message
      // A role is not a scope, and no scope that the client could ask for would bring it.
      if rejection.claim == "scope" { challenge.scopes = effective.scopes }
    case .policy(.insufficientUserAuthentication):
      challenge.error = "insufficient_user_authentication"
      challenge.errorDescription = message
      challenge.maximumAge = effective.maximumAge
      challenge.acrValues = effective.acceptedACRValues
    case .token:
      challenge.error = "invalid_token"
      challenge.errorDescription = message
    }
    self.challenge = challenge
  }

  /// The error for a verdict that cannot be given now.
  static func unavailable(_ code: UnavailableCode, _ message: String, retryAfter: Duration? = nil) -> ErrorReply {
    var error = ErrorReply(code, message)
    error.retryAfterMilliseconds = retryAfter.map { max(1, $0.milliseconds) }
    return error
  }

  /// An issuer's keys are missing, but may come.
  static func keysUnavailable(retryAfter: Duration) -> ErrorReply {
    .unavailable(
      .keysUnavailable, "The issuer's keys cannot be had at present; the token may be good.", retryAfter: retryAfter)
  }

  /// A back-end's answer is missing.
  static func introspectionUnavailable(_ failure: StatusFailure) -> ErrorReply {
    let words =
      switch failure.reason {
      case .budget: "As much as calls_per_second allows has been asked of the issuer's back-end"
      case .pause: "The issuer's back-end failed and is left alone for a while"
      case .call: "The issuer's back-end did not answer as it must"
      case .noWait: "The issuer's back-end is being asked, and this request cannot wait for it"
      }
    return .unavailable(
      .introspectionUnavailable, words + "; the token may be good.", retryAfter: failure.retryAfter)
  }

  /// libcrypto failed.
  static var verificationUnavailable: ErrorReply {
    .unavailable(
      .verificationUnavailable,
      "The signature could not be checked, probably for want of memory; the token may be good.",
      retryAfter: .seconds(1))
  }

  /// The daemon stops before it can decide.
  static var shuttingDown: ErrorReply {
    .unavailable(.shuttingDown, "The daemon is stopping; ask again.", retryAfter: .seconds(1))
  }

  /// Appends a whole reply line.
  func appendReply(id: [UInt8], to reply: inout [UInt8]) {
    let start = reply.count
    reply.beginReply(id: id)
    append(to: &reply)
    reply.endReply()
    reply.escapeLineSeparators(from: start)
  }

  /// A request names an issuer that does not exist.
  static var noSuchIssuer: ErrorReply {
    var error = ErrorReply(.unknownIssuerName, "No issuer has this short name or url.")
    error.member = "issuer"
    return error
  }

  /// The issuer has no such key.
  static func noSuchKey(_ key: MissingKey, _ effective: EffectivePolicy) -> ErrorReply {
    let rejection =
      key.isTried
      ? Rejection(.badSignature, "The signature is not that of the issuer's key.")
      : Rejection(.unknownKey, "The issuer has no key that the token could be signed with.")
    return ErrorReply(rejection, effective)
  }
}

extension Duration {
  /// Whole milliseconds, rounded up: waiting this long is always enough.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    if overflow { return seconds < 0 ? .min : .max }
    let part = attoseconds / 1_000_000_000_000_000
    let rest: Int64 = attoseconds % 1_000_000_000_000_000 > 0 ? 1 : 0
    return product.addingReportingOverflow(part + rest).partialValue
  }
}
