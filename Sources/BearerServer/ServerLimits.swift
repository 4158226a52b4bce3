/// The bounds of what clients can make the server hold or do; names and defaults are those of `[limits]`.
package struct ServerLimits: Equatable, Sendable {
  /// The most bytes of a line, without LF and a CR before it; bounds the memory that half a line can hold.
  package var lineBytes = 65536
  /// The most connections at once; bounds descriptors.
  package var connections = 1024
  /// The most connections at once of one user id, so that one user cannot take all.
  package var connectionsPerUID = 256
  /// The most requests of a connection that are worked on at once; then nothing more is read from it.
  package var inFlight = 64
  /// The most bytes of replies that wait to be sent on a connection before nothing more is read from it.
  package var outputBytes = 262144
  /// How long a line may stay unfinished, from its first byte.
  package var partialLineTimeout: Duration = .seconds(10)
  /// How long a client may leave replies unread without taking a single byte.
  package var writeTimeout: Duration = .seconds(30)

  /// The defaults of `protocol.md` section 7.1.
  package init() {}
}

/// Bounds that no configuration changes.
enum FixedLimits {
  /// How long one connection may keep its event loop before others get their turn, and about how long what is new may
  /// wait before it is looked for.
  static let turn: Duration = .microseconds(100)
  /// One in so many connections is kept for root and the daemon's own user.
  static let reservedShare = 64
  /// How many requests of one connection may wait for keys.
  static let waitsForKeys = 4096
  /// How many bytes of replies are gathered before they are handed to the kernel in the middle of a turn.
  static let flushBytes = 65536
  /// The size of a loop's buffer for reading: many lines, or one at the default limit.
  static let readBuffer = 66560
  /// The least space to read into.
  static let leastRead = 4096
  /// How often input that nobody looks at is read in one turn.
  static let readsDiscardedInATurn = 16
  /// What the kernel holds of one connection's unsent replies; it doubles this for its own bookkeeping.
  static let kernelBuffer = 65536
  /// How many bytes of replies may be unsent over all connections, before those who take none get no more.
  static let unsentBytes = 64 << 20
  /// How long input is read and thrown away after a last answer, so that the client can finish its write and read it.
  static let linger: Duration = .seconds(1)
  /// How long nobody is accepted after there was no descriptor left for one.
  static let acceptPause: Duration = .seconds(1)
  /// The least time between two log messages about that.
  static let acceptPauseLogPeriod: Duration = .seconds(60)
  /// How many are accepted before others get their turn.
  static let acceptsAtOnce = 64
  /// The shortest time between two looks at connections that wait for their clients.
  static let shortestSweep: Duration = .milliseconds(5)
  /// How many connections may wait in the kernel for accept; the kernel lowers it to net.core.somaxconn.
  static let backlog: CInt = 4096
}
