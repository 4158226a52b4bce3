package import BearerTime

/// One fetch that is to be made.
package struct FetchOrder: Equatable, Sendable {
  /// Its number; answers to any but the latest do not count.
  package var sequence: UInt64
  /// Why it is made.
  package var cause: FetchCause
  /// Whether caches on the way are asked to have what they keep confirmed by the provider.
  package var goesPastCaches = false
}

/// Why a fetch is made.
package enum FetchCause: String, Equatable, Sendable {
  /// The daemon starts.
  case start
  /// The lifetime of the keys nears its end.
  case schedule
  /// The last attempt failed.
  case retry
  /// A token names a key that is not in the set.
  case unknownKey = "unknown_key"
  /// The answer that was to bring such a key may be a cache's.
  case secondLook = "second_look"
  /// `refresh-jwks`.
  case request
  /// The file that holds the keys changed.
  case fileChange = "file_change"
  /// The configuration changed.
  case reload

  /// Whether it is made for a key that a token names.
  var isForUnknownKey: Bool { self == .unknownKey || self == .secondLook }
}

/// What a token is told that names a key which is not in the set.
package enum KeyAnswer: Equatable, Sendable {
  /// The set changed since the asker looked: look again.
  case lookAgain
  /// The issuer has no such key, as far as may be known now.
  case unknownKey
  /// It cannot be known now; ask again after this time.
  case unavailable(retryAfter: Duration)
  /// A fetch that may bring it is under way.
  case wait
}

/// The immediate answer to a requested refresh.
package enum RefreshAnswer: Equatable, Sendable {
  /// A fetch is under way; its outcome is the answer.
  case wait
  /// Too soon after the last one; ask again after this time.
  case limited(retryAfter: Duration)
}

/// A failed fetch and its time.
package struct RecordedFault: Equatable, Sendable {
  /// What went wrong.
  package var fault: FetchFault
  /// When it was known.
  package var at: MonotonicTime

  /// A fault that was known at this moment.
  package init(fault: FetchFault, at: MonotonicTime) {
    self.fault = fault
    self.at = at
  }
}
