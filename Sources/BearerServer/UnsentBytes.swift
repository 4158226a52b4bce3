internal import Synchronization

/// Counts the reply bytes that clients have not taken, over all connections of the server.
///
/// Each connection has a bound of its own; that so many connections reach theirs at once that memory is used up is what
/// this is for.
final class UnsentBytes: Sendable {
  private let count = Atomic(0)
  private let limit: Int

  /// - Parameter limit: From how many on a client that takes nothing is not read from, in bytes.
  init(limit: Int) {
    self.limit = limit
  }

  /// Whether clients that do not take their replies get no more of them.
  var areTooMany: Bool { count.load(ordering: .relaxed) > limit }

  /// Counts so many more, or fewer if it is negative.
  func add(_ bytes: Int) {
    count.add(bytes, ordering: .relaxed)
  }
}
