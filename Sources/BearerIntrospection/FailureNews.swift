import BearerTime

/// Which of a back-end's failures are logged.
struct FailureNews: Sendable {
  /// The failures that were logged since the last answer.
  ///
  /// Failures of the credentials are for the operator to fix, others for the provider, so they are counted apart.
  private var told: (isOfCredentials: Bool, count: Int)?
  /// Until when a refusal of the credentials that may be about the token is not logged again.
  private var quietUntil: MonotonicTime?

  /// A call was answered.
  ///
  /// - Returns: Whether to log it, because a failure was logged before.
  mutating func succeeded() -> Bool {
    defer { told = nil }
    return told != nil
  }

  /// A call failed, and that is logged.
  mutating func failed(_ fault: BackEndFault) -> BackEndChange {
    let isOfCredentials = fault.isOfCredentials
    let count = told?.isOfCredentials == isOfCredentials ? told?.count ?? 0 : 0
    told = (isOfCredentials, count + 1)
    return .failed(fault, consecutive: count + 1)
  }

  /// Whether to log a refusal of the credentials that may be about the token only: seldom, and not if such a failure
  /// was just logged.
  mutating func mayTellOfRefusal(at now: MonotonicTime) -> Bool {
    guard told?.isOfCredentials != true, quietUntil.map({ $0 <= now }) ?? true else { return false }
    quietUntil = now + BackEndLimits.refusalQuiet
    return true
  }

  /// Other credentials are in use: what is refused now is news again.
  mutating func credentialsChanged() {
    told?.count = 0
    quietUntil = nil
  }
}
