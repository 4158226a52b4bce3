package import BearerJOSE
package import BearerTime

/// The key set that verdicts rest on, as it was published at one moment; never changes.
///
/// A class, so that taking it costs one retain; a new one is published for every change, confirmations included.
package final class KeySnapshot: Sendable {
  private let held: HeldKeys<KeySetWithBody>
  /// How often the trusted source had changed when the provider last sent or confirmed the set.
  package let trustChanges: Int

  init(_ held: HeldKeys<KeySetWithBody>, trustChanges: Int) {
    self.held = held
    self.trustChanges = trustChanges
  }

  /// The set.
  package var keys: KeySet { held.keys.keys }
  /// Identifies the set in this process.
  package var serial: UInt64 { held.keys.keys.serial }
  /// The bytes that it was parsed from.
  package var body: [UInt8] { held.keys.body }
  /// Counts the sets that were put in use: facts that rest on another generation's keys are void.
  package var generation: UInt64 { held.generation }
  /// When the provider last sent or confirmed it.
  package var validatedAt: MonotonicTime { held.validatedAt }
  /// The lifetime that the response's headers gave, if any; for the snapshot on disk.
  package var headerLifetime: Duration? { held.headerLifetime }

  /// The end of its lifetime; `nil` if it has none.
  package var freshUntil: MonotonicTime? { held.freshUntil }

  /// The end of its use; `nil` if it has none.
  var usableUntil: MonotonicTime? { held.usableUntil }

  /// How far the set can be trusted at `now`: ``KeysHealth/fresh``, stale with its age, or expired; never empty.
  package func state(at now: MonotonicTime) -> KeysHealth { held.health(at: now) }
}

/// What the state machine holds for one issuer: a set and the bytes it came from.
struct KeySetWithBody: Sendable {
  var keys: KeySet
  var body: [UInt8]
}
