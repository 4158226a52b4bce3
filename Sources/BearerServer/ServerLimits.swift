internal import NIOCore

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

  /// The contract's defaults.
  package init() {}
}

/// Bounds that no configuration changes.
enum FixedLimits {
  /// How long one connection may keep its event loop before the others get their turn.
  static let turn: TimeAmount = .microseconds(500)
  /// How many bytes of replies are gathered before they are handed to the kernel in the middle of a turn.
  static let flushBytes = 65536
  /// How much is read at once: grows with what a client sends, up to a size that idle connections can afford to keep.
  static let readBuffer = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 32768)
  /// How long input is read and thrown away after a last answer, so that the client can finish its write and read it.
  static let linger: TimeAmount = .seconds(1)
  /// How long nobody is accepted after there was no descriptor left for one.
  static let acceptPause: TimeAmount = .seconds(1)
  /// The least time between two log messages about that.
  static let acceptPauseLogPeriod: TimeAmount = .seconds(60)
  /// How long those who have connected are still accepted while the server stops.
  static let acceptRest: TimeAmount = .milliseconds(250)
  /// How many connections may wait in the kernel for accept; the kernel lowers it to net.core.somaxconn.
  static let backlog: CInt = 4096
}
