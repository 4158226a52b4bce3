import BearerTime

/// Which tokens under unknown kids may cost a fetch of their issuer, and which of these fetches go past caches.
struct UnknownKeyBudget: Sendable {
  private var absentKids = AbsentKids()
  /// One fetch each cool-down, and a few that were saved up.
  private var allowance = CellRate()
  private var lastFetchAt: MonotonicTime?
  private var lastPastCachesAt: MonotonicTime?
  /// Until when unknown kids start no fetch after a failure.
  private var heldUntil: MonotonicTime?

  /// How many kids are remembered as absent.
  var rememberedAbsentKids: Int { absentKids.count }

  /// Until when unknown kids start no fetch.
  func cooldownUntil(_ settings: RefreshSettings) -> MonotonicTime? {
    let next = allowance.nextAt(interval: settings.cooldown, saved: settings.savedFetches)
    return [next, heldUntil].compactMap(\.self).max()
  }

  /// Whether a token's key may cost a fetch now.
  func allows(_ kid: KidFingerprint, at now: MonotonicTime, _ settings: RefreshSettings) -> Bool {
    if let until = cooldownUntil(settings), now < until { return false }
    // A key without a name is never proven absent, so tokens without a `kid` would use up all saved fetches. They start
    // one fetch in a cool-down.
    if !kid.isOfKid, let lastFetchAt, now < lastFetchAt + settings.cooldown { return false }
    return !absentKids.holds(kid, at: now)
  }

  /// Notes that a fetch for a token's key begins.
  ///
  /// - Returns: Whether it must go past caches, because no second look can follow.
  mutating func take(for kid: KidFingerprint, at now: MonotonicTime, _ settings: RefreshSettings) -> Bool {
    allowance.take(at: now, interval: settings.cooldown)
    lastFetchAt = now
    let isLast = cooldownUntil(settings).map { now < $0 } ?? false
    guard isLast || !kid.isOfKid, mayGoPastCaches(at: now, settings) else { return false }
    lastPastCachesAt = now
    return true
  }

  /// Takes a second look past caches from the budget, if the budget has one.
  mutating func takeSecondLook(at now: MonotonicTime, _ settings: RefreshSettings) -> Bool {
    if let until = cooldownUntil(settings), now < until { return false }
    guard mayGoPastCaches(at: now, settings) else { return false }
    allowance.take(at: now, interval: settings.cooldown)
    lastPastCachesAt = now
    return true
  }

  private func mayGoPastCaches(at now: MonotonicTime, _ settings: RefreshSettings) -> Bool {
    lastPastCachesAt.map { $0 + settings.cooldown <= now } ?? true
  }

  /// A fetch succeeded, whatever it was made for.
  mutating func noteSuccess() { heldUntil = nil }

  /// A fetch failed: unknown kids start none before `until`.
  mutating func noteFailure(until: MonotonicTime?) { heldUntil = until }

  /// Notes that a fetch that began at `attempt` did not bring `kid`.
  mutating func prove(
    _ kid: KidFingerprint, by attempt: MonotonicTime, _ settings: RefreshSettings,
    jitter: inout some RandomNumberGenerator
  ) {
    absentKids.prove(kid, by: attempt, cooldown: settings.cooldown, jitter: &jitter)
  }

  /// Adopts new settings; nothing is held for longer than they say, unless the provider asked for a pause.
  mutating func apply(_ settings: RefreshSettings, at now: MonotonicTime, pausedUntil: MonotonicTime?) {
    allowance.apply(at: now, interval: settings.cooldown, saved: settings.savedFetches)
    heldUntil = heldUntil.map { min($0, max(now + settings.cooldown, pausedUntil ?? now)) }
  }
}
