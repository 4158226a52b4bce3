package import BearerKeys

/// The immediate decision when an answer is needed that is not known.
package enum StatusDecision: Sendable {
  /// The answer has come by now.
  case known(KnownStatus)
  /// There is no answer now (`introspection_unavailable`).
  case unavailable(StatusFailure)
  /// The back-end is being asked; the outcome will be delivered, once.
  case waiting(WaitHandle)
  /// The back-end is not asked any more: the daemon stops, or the configuration changed.
  case shuttingDown
}

/// How a wait for an answer ended.
package enum StatusOutcome: Sendable {
  /// The back-end answered.
  case answered(TokenStatus)
  /// There is no answer (`introspection_unavailable`).
  case failed(StatusFailure)
  /// The wait was long enough (`introspection_unavailable`, or `deadline_exceeded` if the request's own deadline ended
  /// it).
  case timedOut
  /// The answer was to credentials that are no longer in use: ask again.
  case superseded
  /// The back-end is not asked any more: the daemon stops, or the configuration changed.
  case shuttingDown
}

/// Why there is no answer.
package struct StatusFailure: Equatable, Sendable {
  /// Why there is no answer.
  package enum Reason: Equatable, Sendable {
    /// `calls_per_second` are spent.
    case budget
    /// The back-end failed before and is left alone for a while.
    case pause
    /// The call failed.
    case call
    /// The request may not wait.
    case noWait
  }

  /// Why there is no answer.
  package var reason: Reason
  /// When it is worth asking again.
  package var retryAfter: Duration
}
