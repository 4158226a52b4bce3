package import BearerTime

/// The set in use and the times that bound its use.
package struct HeldKeys<Keys: Sendable>: Sendable {
  /// The set.
  package var keys: Keys
  /// Counts the sets that were put in use; unchanged by a mere confirmation.
  package var generation: UInt64
  /// When the provider last sent or confirmed it.
  package var validatedAt: MonotonicTime
  /// What the headers of that response said.
  package var headerLifetime: Duration?
  /// The end of its lifetime; `nil` if it has none.
  package var freshUntil: MonotonicTime?
  /// The end of its use; `nil` if it has none.
  package var usableUntil: MonotonicTime?

  /// Until when it may be used, if it came from a source that is no longer trusted.
  package var trustedUntil: MonotonicTime?

  /// How far the set can be trusted at `now`.
  package func health(at now: MonotonicTime) -> KeysHealth {
    guard let freshUntil, let usableUntil else { return .fresh }
    if now < freshUntil { return .fresh }
    if now < usableUntil { return .stale(age: now.duration(since: validatedAt)) }
    return .expired
  }

  /// Notes that the provider sent or confirmed the set at `time`.
  mutating func confirm(at time: MonotonicTime, headerLifetime: Duration?, settings: RefreshSettings) {
    validatedAt = time
    trustedUntil = nil
    self.headerLifetime = headerLifetime
    apply(settings)
  }

  /// Works out the bounds under `settings`.
  mutating func apply(_ settings: RefreshSettings) {
    let lifetime = settings.lifetime(header: headerLifetime)
    freshUntil = lifetime.map { validatedAt + $0 }
    usableUntil = freshUntil.map { $0 + max(settings.maximumStale, .zero) }
    guard let trustedUntil else { return }
    usableUntil = min(usableUntil ?? trustedUntil, trustedUntil)
    freshUntil = min(freshUntil ?? trustedUntil, trustedUntil)
  }
}
