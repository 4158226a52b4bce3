import Synchronization

/// Bounds how many `refresh-jwks` are under way in the whole daemon.
///
/// Each is a task that waits for a fetch, perhaps for seconds. Connections bound only how many wait, not how many are
/// begun by a client that sends them, closes, and connects again.
final class RefreshPlaces: Sendable {
  /// As many as one connection may have in flight by default.
  static let count = 64

  private let taken = Atomic<Int>(0)

  /// Takes a place; false if there is none left.
  func take() -> Bool {
    if taken.add(1, ordering: .relaxed).newValue <= Self.count { return true }
    release()
    return false
  }

  /// Gives a place back.
  func release() {
    taken.subtract(1, ordering: .relaxed)
  }
}
