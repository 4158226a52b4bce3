/// Bounds that no configuration changes.
enum FixedLimits {
  /// How long one connection may keep its event loop before others get their turn, and about how long a new event may
  /// go unnoticed.
  static let turn: Duration = .microseconds(100)
  /// One in this many connections is kept for root and the daemon's own user.
  static let reservedShare = 64
  /// How many requests of one connection may wait for keys.
  static let waitsForKeys = 4096
  /// How many bytes of replies are gathered before they are handed to the kernel in the middle of a turn.
  static let flushBytes = 65536
  /// The size of a loop's buffer for reading: many lines, or one at the default limit.
  static let readBuffer = 66560
  /// The least space to read into.
  static let leastRead = 4096
  /// How many times input that is discarded is read in one turn.
  static let readsDiscardedInATurn = 16
  /// Bytes that the kernel holds of one connection's unsent replies; it doubles this for its own bookkeeping.
  static let kernelBuffer = 65536
  /// How long input is read and thrown away after a last answer, so that the client can finish its write and read it.
  static let linger: Duration = .seconds(1)
  /// How long no client is accepted after there was no descriptor left for one.
  static let acceptPause: Duration = .seconds(1)
  /// The least time between two log messages about missing descriptors.
  static let acceptPauseLogPeriod: Duration = .seconds(60)
  /// How many clients are accepted before connections get their turn.
  static let acceptsAtOnce = 64
  /// The shortest time between two looks at connections that wait for their clients.
  static let shortestSweep: Duration = .milliseconds(5)
  /// How many connections may wait in the kernel for accept; the kernel lowers it to net.core.somaxconn.
  static let backlog: CInt = 4096
}
