import Synchronization

/// Counts the key sets that come into use, of all issuers together: whoever computed something from them sees by the count
/// whether it still holds.
package final class KeyPublications: Sendable {
  private let number = Atomic<UInt64>(0)

  /// None so far.
  package init() {}

  /// How many there were.
  package var count: UInt64 { number.load(ordering: .acquiring) }

  /// Counts one, after it was published.
  func add() { number.add(1, ordering: .releasing) }
}
