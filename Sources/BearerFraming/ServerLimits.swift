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
