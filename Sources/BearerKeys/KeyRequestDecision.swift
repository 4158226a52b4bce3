/// The immediate answer to a token whose key is not in its issuer's snapshot.
package enum KeyRequestDecision: Sendable {
  /// The snapshot changed since it was looked into: look again.
  case lookAgain
  /// The issuer has no such key (`unknown_key`).
  case unknownKey
  /// Whether the issuer has the key cannot be known now (`keys_unavailable`); ask again after this time.
  case unavailable(retryAfter: Duration)
  /// A fetch is under way; the outcome will be delivered, once.
  case waiting(WaitHandle)
  /// The daemon stops (`shutting_down`).
  case shuttingDown
}

/// How a wait for a key ended.
package enum KeyWaitOutcome: Equatable, Sendable {
  /// The provider answered: look at the snapshot again.
  case arrived
  /// The fetch failed, or the wait made room for a newer one (`keys_unavailable`).
  case failed(retryAfter: Duration)
  /// The wait was long enough (`keys_unavailable`, or `deadline_exceeded` if the request's own deadline ended it).
  case timedOut(retryAfter: Duration)
  /// The daemon stops (`shutting_down`).
  case shuttingDown
}
