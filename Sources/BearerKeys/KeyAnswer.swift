/// The rules' answer to a token whose key is not in the set.
package enum KeyAnswer: Equatable, Sendable {
  /// The set changed since the asker looked: look again.
  case lookAgain
  /// The issuer has no such key, as far as is known now.
  case unknownKey
  /// Whether the issuer has the key cannot be known now; ask again after this time.
  case unavailable(retryAfter: Duration)
  /// A fetch that may bring the key is under way.
  case wait
}

/// The immediate answer to a requested refresh.
package enum RefreshAnswer: Equatable, Sendable {
  /// A fetch is under way; its outcome is the answer.
  case wait
  /// Too soon after the last one; ask again after this time.
  case limited(retryAfter: Duration)
}
