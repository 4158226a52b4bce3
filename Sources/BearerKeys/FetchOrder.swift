/// One fetch that is to be made.
package struct FetchOrder: Equatable, Sendable {
  /// Its number; answers to any but the latest do not count.
  package var sequence: UInt64
  /// Why it is made.
  package var cause: FetchCause
  /// Whether caches on the way must ask the provider instead of answering from memory.
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
  /// A cache may have answered the fetch for an unknown key.
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
