internal import CLinuxSockets
internal import Glibc
internal import Logging
internal import Synchronization

/// Accepts connections for all loops, and gives each to the loop with the fewest.
///
/// The kernel wakes any loop to accept. If connections stayed there, one loop would serve most of a burst.
final class Acceptor: Sendable {
  enum Outcome {
    case accepted(AcceptedConnection)
    /// No client waits, or the one that waited is gone.
    case nobody
    /// There is no descriptor or memory left for one more.
    case exhausted
  }

  private static let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

  let sockets: [ListeningSocket]
  let counter: ConnectionCounter
  private let logger: Logger
  private let loops = Mutex<[ServerLoop]>([])
  /// A spare descriptor, given up for a moment to turn a client away when no other is left; -1 while there is none.
  private let spare = Mutex(Acceptor.openSpare())
  /// When it was last logged that there are no descriptors or memory.
  private let lastTold = Atomic(MonotonicNanoseconds.min / 2)
  private let acceptedCount = Atomic(0)

  /// How many connections were accepted so far.
  var accepted: Int { acceptedCount.load(ordering: .relaxed) }

  init(sockets: [ListeningSocket], counter: ConnectionCounter, logger: Logger) {
    self.sockets = sockets
    self.counter = counter
    self.logger = logger
  }

  deinit { spare.withLock { _ = close($0) } }

  /// Sets the loops that connections are given to.
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
      // Bounds the unsent replies that the kernel holds; its default is two to four times this.
      var size = CInt(FixedLimits.kernelBuffer)
      setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
      return .accepted(
        AcceptedConnection(descriptor: descriptor, peer: peer, isAdmitted: counter.admit(uid: peer.uid)))
    }
  }

  /// Turns away a client for whom no descriptor is left: accepts it, says why, and closes.
  ///
  /// In the kernel's queue it would wait without knowing why, for as long as others keep their connections.
  ///
  /// - Parameters:
  ///   - index: The socket.
  ///   - refusal: Appends the reply.
  /// - Returns: Whether a client was turned away.
  func turnAway(from index: Int, saying refusal: (Peer, inout [UInt8]) -> Void) -> Bool {
    spare.withLock { spare in
      if spare < 0 { spare = Self.openSpare() }
      guard spare >= 0 else { return false }
      close(spare)
      defer { spare = Self.openSpare() }
      let descriptor = bearerd_accept(sockets[index].descriptor, Self.flags)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      acceptedCount.add(1, ordering: .relaxed)
      guard let peer = Peer(of: descriptor) else { return true }
      var reply: [UInt8] = []
      refusal(peer, &reply)
      // A new socket has room for a line; if not, the client sees only the end.
      _ = reply.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      return true
    }
  }

  private static func openSpare() -> CInt { open("/dev/null", O_RDONLY | O_CLOEXEC) }

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

  /// Stops counting a connection that is over.
  func release(_ accepted: AcceptedConnection) {
    if accepted.isAdmitted { counter.release(uid: accepted.peer.uid) }
  }

  /// Logs it once per period, since it is noticed again every second while it lasts.
  private func tellExhausted(_ code: CInt) {
    let now = MonotonicNanoseconds.now
    let last = lastTold.load(ordering: .relaxed)
    guard now - last >= FixedLimits.acceptPauseLogPeriod.nanoseconds,
      lastTold.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
    else { return }
    logger.error(
      "connections are turned away: descriptors or memory are used up",
      metadata: ["bearerd.errno": "\(code)"])
  }
}
