internal import Synchronization

/// Counts the reply bytes that clients have not taken, over all connections of the server.
///
/// Each connection has a bound of its own; this one keeps many connections at their bounds from using up memory.
final class UnsentBytes: Sendable {
  private let count = Atomic(0)
  private let limit: Int

  /// - Parameter limit: The bytes above which a client that takes no replies is no longer read from.
  init(limit: Int) {
    self.limit = limit
  }

  /// Whether clients that do not take their replies get no more of them.
  var areTooMany: Bool { count.load(ordering: .relaxed) > limit }

  /// Adds to the count; a negative number lowers it.
  func add(_ bytes: Int) {
    count.add(bytes, ordering: .relaxed)
  }
}
