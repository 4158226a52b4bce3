package import BearerFraming
import BearerKeys

/// Bounds on what clients may use; the `[limits]` table of the configuration.
@dynamicMemberLookup
package struct Limits: Equatable, Sendable {
  /// The limits that the server enforces.
  package var server = ServerLimits()
  /// The longest token, in bytes.
  package var tokenBytes = 16_384
  /// Bytes of memory for requests that wait for keys, all together.
  package var waitingBytes = WaitingRoom.defaultCapacity
  /// Bytes of memory for facts about tokens seen before; `nil` leaves it to ``defaultTokenCacheBytes(within:)``.
  package var tokenCacheBytes: Int?

  /// The defaults.
  package init() {}

  /// How much memory facts about tokens get by default.
  ///
  /// - Parameter memoryBytes: What the process's control group may have, if that is bounded.
  /// - Returns: Bytes.
  package static func defaultTokenCacheBytes(within memoryBytes: Int?) -> Int {
    max(1, min(16_777_216, (memoryBytes ?? .max) / 8))
  }

  /// One of the server's limits.
  package subscript<Value>(dynamicMember path: WritableKeyPath<ServerLimits, Value>) -> Value {
    get { server[keyPath: path] }
    set { server[keyPath: path] = newValue }
  }
}
