import Glibc
import Synchronization

/// Bounds how many `refresh-jwks` are under way in the whole daemon, and of one user.
///
/// Each is a task that waits for a fetch, perhaps for seconds. The limits of connections bound only how many wait, not
/// how many are begun by a client that sends one, closes, and connects again. No user takes the permits of others, and
/// root and the daemon's own user always find theirs.
final class RefreshConcurrency: Sendable {
  /// As many as one connection may have in flight by default.
  static let count = 64
  /// How many permits one user may have.
  static let countPerUser = 16

  private struct State: Sendable {
    var taken: [UInt32: Int] = [:]
    /// Permits that are taken by users without permits of their own.
    var shared = 0
  }

  private let state = Mutex(State())

  /// Takes a permit for a user; false if there is none left.
  func take(by user: UInt32) -> Bool {
    state.withLock { state in
      guard state.taken[user, default: 0] < Self.countPerUser, Self.isOperator(user) || state.shared < Self.count else {
        return false
      }
      state.taken[user, default: 0] += 1
      if !Self.isOperator(user) { state.shared += 1 }
      return true
    }
  }

  /// Gives a permit of a user back.
  func release(by user: UInt32) {
    state.withLock { state in
      guard let taken = state.taken[user] else { return }
      state.taken[user] = taken > 1 ? taken - 1 : nil
      if !Self.isOperator(user) { state.shared -= 1 }
    }
  }

  private static func isOperator(_ user: UInt32) -> Bool { user == 0 || user == geteuid() }
}
