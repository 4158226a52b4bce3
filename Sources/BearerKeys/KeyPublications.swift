import Synchronization

/// Counts the key sets that come into use, of all issuers together.
///
/// A result that was computed from key sets still holds while the count is the same.
package final class KeyPublications: Sendable {
  private let number = Atomic<UInt64>(0)

  /// None so far.
  package init() {}

  /// How many sets have come into use.
  package var count: UInt64 { number.load(ordering: .acquiring) }

  /// Counts a set, after it was published.
  func add() { number.add(1, ordering: .releasing) }
}
