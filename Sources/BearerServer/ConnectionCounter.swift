import BearerFraming
internal import Glibc
internal import Synchronization

/// Counts the open connections, in all and by user, and says when there are enough.
///
/// Some places are kept for root and the daemon's own user: otherwise a client with many user ids could take all, and
/// no operator could ask for `status` when it matters.
final class ConnectionCounter: Sendable {
  private struct Counts {
    var total = 0
    var byUID: [UInt32: Int] = [:]
  }

  private let limits: ServerLimits
  private let operators: Set<UInt32>
  private let reserved: Int
  private let counts = Mutex(Counts())

  /// - Parameters:
  ///   - limits: How many there may be.
  ///   - operators: The user ids for whom places are kept.
  init(limits: ServerLimits, operators: Set<UInt32> = [0, geteuid()]) {
    self.limits = limits
    self.operators = operators
    reserved = limits.connections / FixedLimits.reservedShare
  }

  /// How many admitted connections are open.
  var total: Int { counts.withLock { $0.total } }

  /// Counts one more connection, unless that would be too many; each admission is undone by one ``release(uid:)``.
  func admit(uid: UInt32) -> Bool {
    counts.withLock { counts in
      let ofUser = counts.byUID[uid, default: 0]
      let most = limits.connections - (operators.contains(uid) ? 0 : reserved)
      guard counts.total < most, ofUser < limits.connectionsPerUID else { return false }
      counts.total += 1
      counts.byUID[uid] = ofUser + 1
      return true
    }
  }

  /// Counts one admitted connection fewer.
  func release(uid: UInt32) {
    counts.withLock { counts in
      counts.total -= 1
      let ofUser = counts.byUID[uid, default: 1] - 1
      counts.byUID[uid] = ofUser > 0 ? ofUser : nil
    }
  }
}
