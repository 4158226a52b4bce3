import BearerKeys

/// Why a back-end gave no answer about a token: a stable code, what was found, and what to do about it.
///
/// It never says anything about the token.
package struct BackEndFault: Error, Equatable, Sendable {
  /// The stable codes of failed calls.
  package enum Code: String, CaseIterable, Sendable {
    /// The back-end could not be reached, or did not answer whole and in time.
    case unreachable
    /// The back-end's address could not be found out.
    case noEndpoint = "no_endpoint"
    /// The back-end does not accept this daemon's own credentials (401 or 403, or 400 that says so).
    case credentialsRefused = "credentials_refused"
    /// This daemon's own credentials cannot be read.
    case credentialsUnreadable = "credentials_unreadable"
    /// The back-end asks for a pause (429, or 503 with `Retry-After`).
    case limited
    /// The back-end redirects; tokens do not follow.
    case redirectRefused = "redirect_refused"
    /// The status is not that of an answer.
    case httpStatus = "http_status"
    /// The answer is of another media type.
    case wrongMediaType = "wrong_media_type"
    /// The answer is over its bound.
    case answerTooLarge = "answer_too_large"
    /// The answer is not JSON, or not strict JSON.
    case notJSON = "not_json"
    /// The answer lacks what this kind of back-end must say.
    case badAnswer = "bad_answer"
    /// The answer is about another token than was asked about.
    case anotherToken = "another_token"
  }

  /// The stable code.
  package var code: Code
  /// What was found: a sentence without its full stop, and without any token, claim or credential.
  package var found: String
  /// What to do about it; a sentence without its full stop.
  package var advice: String?
  /// How long a pause the back-end asks for, if it does.
  package var retryAfter: Duration?

  /// A fault of this kind.
  package init(_ code: Code, found: String, advice: String? = nil, retryAfter: Duration? = nil) {
    self.code = code
    self.found = found
    self.advice = advice
    self.retryAfter = retryAfter
  }

  /// What was found and what to do about it, for `status` and the log.
  package var message: String { FaultMessage.text(found: found, advice: advice) }

  /// Whether the operator must fix this daemon's credentials.
  package var isOfCredentials: Bool { code == .credentialsRefused || code == .credentialsUnreadable }

  /// Whether the fault is the back-end's as a whole, and not about one token.
  var isOfBackEnd: Bool {
    switch code {
    case .unreachable, .noEndpoint, .credentialsUnreadable, .limited, .redirectRefused: true
    default: false
    }
  }
}
