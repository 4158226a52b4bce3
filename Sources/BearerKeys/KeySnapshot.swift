package import BearerJOSE

/// The key set that verdicts rest on, as it was published at one moment; never changes.
///
/// A class, so that taking it costs one retain; a new one is published for every change, confirmations included.
package final class KeySnapshot: Sendable {
  /// The set.
  package let keys: KeySet
  /// The bytes that it was parsed from.
  package let body: [UInt8]
  /// Counts the sets that were put in use: facts that rest on another generation's keys are void.
  package let generation: UInt64
  /// When this very set first came.
  package let obtainedAt: MonotonicTime
  /// When the provider last sent or confirmed it.
  package let validatedAt: MonotonicTime
  /// How long its response's headers let it live, if they said; for the snapshot on disk.
  package let headerLifetime: Duration?
  /// The end of its lifetime; `nil` if it has none.
  package let freshUntil: MonotonicTime?
  /// The end of its use; `nil` if it has none.
  package let usableUntil: MonotonicTime?

  init(_ held: HeldKeys<KeyMaterial>) {
    keys = held.keys.keys
    body = held.keys.body
    generation = held.generation
    obtainedAt = held.obtainedAt
    validatedAt = held.validatedAt
    headerLifetime = held.headerLifetime
    freshUntil = held.freshUntil
    usableUntil = held.usableUntil
  }

  /// How far the set can be trusted at `now`: ``KeysHealth/fresh``, stale with its age, or expired; never empty.
  package func state(at now: MonotonicTime) -> KeysHealth {
    guard let freshUntil, let usableUntil else { return .fresh }
    if now < freshUntil { return .fresh }
    if now < usableUntil { return .stale(age: now.duration(since: validatedAt)) }
    return .expired
  }
}

/// What the state machine holds for one issuer: a set and the bytes it came from.
struct KeyMaterial: Sendable {
  var keys: KeySet
  var body: [UInt8]
}
