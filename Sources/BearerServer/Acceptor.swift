internal import CLinuxSockets
internal import Glibc
internal import Logging
internal import Synchronization

/// Accepts connections for all loops, and finds for each the loop with the fewest.
///
/// Whichever loop the kernel wakes accepts. Left there, most connections of a burst would be served by one loop.
final class Acceptor: Sendable {
  enum Outcome {
    case accepted(AcceptedConnection)
    /// Nobody waits, or who waited is gone.
    case nobody
    /// There is no descriptor or memory left for one more.
    case exhausted
  }

  private static let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

  let sockets: [ListeningSocket]
  let counter: ConnectionCounter
  private let logger: Logger
  private let loops = Mutex<[ServerLoop]>([])
  /// When it was last logged that there are no descriptors or memory.
  private let lastTold = Atomic(ContinuousNanoseconds.min / 2)
  private let acceptedCount = Atomic(0)

  /// How many connections were accepted so far.
  var accepted: Int { acceptedCount.load(ordering: .relaxed) }

  init(sockets: [ListeningSocket], counter: ConnectionCounter, logger: Logger) {
    self.sockets = sockets
    self.counter = counter
    self.logger = logger
  }

  /// Names the loops; before that no connection can be placed.
  func serve(by loops: [ServerLoop]) {
    self.loops.withLock { $0 = loops }
  }

  /// Accepts a connection to one of the sockets.
  func accept(from index: Int) -> Outcome {
    while true {
      let descriptor = bearerd_accept(sockets[index].descriptor, Self.flags)
      guard descriptor >= 0 else {
        switch errno {
        case EINTR, ECONNABORTED: continue
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
          tellExhausted(errno)
          return .exhausted
        default: return .nobody
        }
      }
      acceptedCount.add(1, ordering: .relaxed)
      guard var peer = Peer(of: descriptor) else {
        close(descriptor)
        continue
      }
      peer.isAdministrator = sockets[index].isForAdministrators
      // The kernel's share of replies that are not taken; its default is two to four times this.
      var size = CInt(FixedLimits.kernelBuffer)
      setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
      return .accepted(
        AcceptedConnection(descriptor: descriptor, peer: peer, isAdmitted: counter.admit(uid: peer.uid)))
    }
  }

  /// Sends a connection to the loop with the fewest.
  ///
  /// - Parameters:
  ///   - accepted: The connection.
  ///   - here: The loop that accepted it, which gets it unless another has fewer.
  ///   - adopt: Serves it there.
  func place(_ accepted: AcceptedConnection, preferring here: ServerLoop, adopt: (AcceptedConnection) -> Void) {
    let loop = loops.withLock { loops in
      loops.reduce(here) { best, loop in
        loop.load.load(ordering: .relaxed) < best.load.load(ordering: .relaxed) ? loop : best
      }
    }
    loop.load.add(1, ordering: .relaxed)
    if loop === here {
      adopt(accepted)
    } else if !loop.mailbox.post(.adopt(accepted)) {
      loop.load.subtract(1, ordering: .relaxed)
      release(accepted)
      close(accepted.descriptor)
    }
  }

  /// A connection that was accepted is over.
  func release(_ accepted: AcceptedConnection) {
    if accepted.isAdmitted { counter.release(uid: accepted.peer.uid) }
  }

  /// Now and then: while it lasts it is found out again every second.
  private func tellExhausted(_ code: CInt) {
    let now = ContinuousNanoseconds.now
    let last = lastTold.load(ordering: .relaxed)
    guard now - last >= FixedLimits.acceptPauseLogPeriod.nanoseconds,
      lastTold.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
    else { return }
    logger.error(
      "connections cannot be accepted and wait: descriptors or memory are used up",
      metadata: ["bearerd.errno": "\(code)"])
  }
}
