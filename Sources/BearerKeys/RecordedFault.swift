package import BearerTime

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
