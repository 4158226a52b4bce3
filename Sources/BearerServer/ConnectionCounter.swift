internal import Synchronization

/// Counts the open connections, in all and by user, and says when there are enough.
final class ConnectionCounter: Sendable {
  private struct Counts {
    var total = 0
    var byUID: [UInt32: Int] = [:]
  }

  private let limits: ServerLimits
  private let counts = Mutex(Counts())

  init(limits: ServerLimits) {
    self.limits = limits
  }

  /// How many connections are open that were admitted.
  var total: Int { counts.withLock { $0.total } }

  /// Counts one connection more, unless that would be too many; each admission is undone by one ``release(uid:)``.
  func admit(uid: UInt32) -> Bool {
    counts.withLock { counts in
      let ofUser = counts.byUID[uid, default: 0]
      guard counts.total < limits.connections, ofUser < limits.connectionsPerUID else { return false }
      counts.total += 1
      counts.byUID[uid] = ofUser + 1
      return true
    }
  }

  /// Counts one admitted connection less.
  func release(uid: UInt32) {
    counts.withLock { counts in
      counts.total -= 1
      let ofUser = counts.byUID[uid, default: 1] - 1
      counts.byUID[uid] = ofUser > 0 ? ofUser : nil
    }
  }
}
