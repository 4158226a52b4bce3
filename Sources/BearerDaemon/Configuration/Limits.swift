import BearerKeys

/// Bounds on what clients may use; the `[limits]` table of the configuration.
package struct Limits: Equatable, Sendable {
  /// The longest request line, in bytes without its LF.
  package var lineBytes: Int = 65_536
  /// The longest token, in bytes.
  package var tokenBytes: Int = 16_384
  /// Connections at one time, in all.
  package var connections: Int = 1_024
  /// Connections at one time of one user.
  package var connectionsPerUID: Int = 256
  /// Requests of one connection that are worked on at one time.
  package var inFlight: Int = 64
  /// Bytes of replies that a connection may leave unread before the daemon stops reading from it.
  package var outputBytes: Int = 262_144
  /// Bytes of memory for requests that wait for keys, all together.
  package var waitingBytes: Int = WaitingRoom.defaultCapacity
  /// How long a line may stay unfinished.
  package var partialLineTimeout: Duration = .seconds(10)
  /// How long a client may leave replies unread.
  package var writeTimeout: Duration = .seconds(30)
  /// Bytes of memory for facts about tokens seen before.
  package var tokenCacheBytes: Int = 16_777_216

  /// The defaults.
  package init() {}
}
