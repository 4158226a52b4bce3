/// The outcome of a refresh that was asked for (`refresh-jwks`).
package enum RefreshReport: Equatable, Sendable {
  /// The provider answered.
  case refreshed(KeySetChange)
  /// The fetch failed and the keys are as before (`refresh_failed`).
  case failed(FetchFault)
  /// Too soon after the last one (`refresh_limited`).
  case limited(retryAfter: Duration)
  /// The daemon stops (`shutting_down`).
  case shuttingDown
}

/// How an answer of the provider differs from the set that it replaced.
package struct KeySetChange: Equatable, Sendable {
  /// How many keys there are now, unusable ones included.
  package var keys: Int
  /// Kids that came, sorted.
  package var added: [String]
  /// Kids that went, sorted.
  package var removed: [String]
  /// Whether anything about the set changed.
  package var changed: Bool

  /// A change with these particulars.
  package init(keys: Int, added: [String], removed: [String], changed: Bool) {
    self.keys = keys
    self.added = added
    self.removed = removed
    self.changed = changed
  }
}
