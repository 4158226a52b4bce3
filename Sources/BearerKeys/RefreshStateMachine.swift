package import BearerTime

// When one issuer's keys are fetched, and what is answered to those who ask for a missing key.
//
// The problem: a verifier that fetches when it needs a key is slow, dies with its provider, and lets anyone with a
// made-up `kid` drive it against the provider; one that never fetches refuses good tokens after a rotation. The rules:
//
//  1. One fetch is in flight at most, shared by all who wait. Each has a sequence number; only the answer to the latest
//     counts, so an older one never replaces a newer one.
//  2. A set is refreshed ahead, at 80 % of its lifetime give or take 10 % at random, so that no request meets an old one
//     and a fleet that started together drifts apart.
//  3. A failure changes nothing but the record of it and the time of the next attempt, which moves away exponentially:
//     quick and with a low bound while there are no usable keys, slow while there are.
//  4. Unknown kids start one fetch in a cool-down on average, and a few that were saved up, so that one stray token does
//     not cost the next rotation its first half minute. A kid that such a fetch proved absent starts none for a while.
//     The cool-down counts from the attempt, not from its success. Any failed attempt starts one as well, which the next
//     success ends: so a flood of bogus kids shortens a back-off to one cool-down at the most. A scheduled refresh that
//     succeeds starts none: a rotation in the second after it is still noticed at once.
//  5. If an answer lacks the kid and a cache kept it, or if it is the same set as before, a cache on the way may repeat
//     an old set. The provider is then asked once more past caches, once in a cool-down, on the same budget.
//  6. A provider that asks for a pause (`Retry-After`) gets it, up to the longest back-off, from everybody.
//  7. Those who ask while a fetch is in flight may wait for it, even within a cool-down: it costs nothing.
//
// Time and chance are arguments, and the machine never looks into the keys: it is tested with sets of names.

/// The refresh rules of one issuer, as a value: events go in, what is to be done comes out.
package struct RefreshStateMachine<Keys: Sendable>: Sendable {
  /// The settings in force.
  package internal(set) var settings: RefreshSettings
  /// The set in use, expired or not; `nil` before the first.
  package internal(set) var held: HeldKeys<Keys>?
  /// The fetch under way.
  package internal(set) var inFlight: InFlight?
  /// When the next fetch is due; `nil` while one is under way or none is planned.
  package internal(set) var due: MonotonicTime?
  /// Failures since the last success.
  package internal(set) var consecutiveFailures = 0
  /// When the last fetch began.
  package internal(set) var lastAttemptAt: MonotonicTime?
  /// When the last fetch succeeded.
  package internal(set) var lastSuccessAt: MonotonicTime?
  /// The last failure ever, for `status`; a success does not remove it.
  package internal(set) var lastFailure: RecordedFault?
  /// Fetches begun.
  package internal(set) var attempts: UInt64 = 0
  /// Fetches that failed.
  package internal(set) var failures: UInt64 = 0

  /// Until when the provider asks to be left alone.
  var pausedUntil: MonotonicTime?
  var budget = UnknownKeyBudget()
  private var lastRequestedAt: MonotonicTime?
  var fetchAgain = false
  private var generations: UInt64 = 0

  /// A fetch under way.
  package struct InFlight: Equatable, Sendable {
    /// Which fetch it is.
    package var order: FetchOrder
    /// When it began.
    package var startedAt: MonotonicTime
    /// Whether it waits for a permit among the fetches of other issuers; its time has not begun.
    var isQueued = false
    /// Kids that were asked for during it; at most ``KeysLimits/askedKidsPerFetch``, because a request need not wait.
    var askedKids = RecentKids(maximum: KeysLimits.askedKidsPerFetch)
  }

  /// A machine that has no keys and has not begun.
  package init(settings: RefreshSettings) {
    self.settings = settings
  }

  // MARK: Questions

  /// How far the set in use can be trusted at `now`.
  package func health(at now: MonotonicTime) -> KeysHealth {
    held?.health(at: now) ?? .empty
  }

  /// Until when unknown kids start no fetch.
  package var cooldownUntil: MonotonicTime? { budget.cooldownUntil(settings) }

  /// How many kids are remembered as absent.
  package var rememberedAbsentKids: Int { budget.rememberedAbsentKids }

  /// Whether a kid that was asked for during the fetch under way is not among these.
  package func lacksAskedKid(_ kids: Set<KidFingerprint>) -> Bool {
    inFlight?.askedKids.all.contains { $0.isOfKid && !kids.contains($0) } ?? false
  }

  // MARK: Events

  /// The daemon starts: the first fetch is at once, even with keys from the disk.
  package mutating func start(at now: MonotonicTime) -> FetchOrder? {
    inFlight == nil ? begin(.start, at: now) : nil
  }

  /// Puts a set in use that was kept from an earlier run and confirmed at `validatedAt`; ignored once there is one.
  ///
  /// - Returns: Whether it was put in use.
  package mutating func restore(_ keys: Keys, validatedAt: MonotonicTime, headerLifetime: Duration?) -> Bool {
    guard held == nil else { return false }
    hold(keys, at: validatedAt, headerLifetime: headerLifetime)
    return true
  }

  /// The time ``wakeAt`` has come.
  package mutating func timerDue(
    at now: MonotonicTime, jitter: inout some RandomNumberGenerator
  ) -> FetchOrder? {
    if inFlight != nil {
      guard let wakeAt, wakeAt <= now else { return nil }
      noteFailure(FetchFault(.timedOut, found: "the fetch never ended and was given up"), at: now, jitter: &jitter)
      return nextAfterFetch(at: now)
    }
    guard let due, due <= now else { return nil }
    return begin(consecutiveFailures == 0 ? .schedule : .retry, at: now)
  }

  /// A token asks for a key that is not in the set of `generation` (`nil` if its asker saw no usable set).
  ///
  /// - Parameters:
  ///   - kid: What the token names.
  ///   - generation: The set that was looked into.
  ///   - mayWait: Whether a place to wait is free.
  ///   - now: The present moment.
  /// - Returns: The answer, and the fetch that is to begin.
  package mutating func keyAsked(
    _ kid: KidFingerprint, notIn generation: UInt64?, mayWait: Bool, at now: MonotonicTime
  ) -> (answer: KeyAnswer, next: FetchOrder?) {
    let isUsable = health(at: now).isUsable
    // Keys may have come between the asker's look and its question; refusing then would be a wrong verdict.
    if isUsable, let held, held.generation != generation { return (.lookAgain, nil) }
    var next: FetchOrder?
    if inFlight == nil {
      guard mayFetch(for: kid, isUsable: isUsable, at: now) else {
        let isKnown = isUsable && consecutiveFailures == 0
        return (isKnown ? .unknownKey : .unavailable(retryAfter: retryAfter(at: now)), nil)
      }
      let goesPastCaches = budget.take(for: kid, at: now, settings)
      next = begin(.unknownKey, goesPastCaches: goesPastCaches, at: now)
    }
    guard mayWait else { return (.unavailable(retryAfter: retryAfter(at: now)), next) }
    inFlight?.askedKids.insert(kid)
    return (.wait, next)
  }

  /// The new set lacks these kids of the set before: they count as proven absent.
  package mutating func kidsRemoved(
    _ kids: [KidFingerprint], at now: MonotonicTime, jitter: inout some RandomNumberGenerator
  ) {
    for kid in kids { budget.prove(kid, by: now, settings, jitter: &jitter) }
  }

  /// An operator requests a refresh (`refresh-jwks`).
  package mutating func refreshAsked(at now: MonotonicTime) -> (answer: RefreshAnswer, next: FetchOrder?) {
    if inFlight != nil { return (.wait, nil) }
    let next = [lastRequestedAt.map { $0 + KeysLimits.refreshRequestInterval }, pausedUntil].compactMap(\.self).max()
    if let next, now < next { return (.limited(retryAfter: next.duration(since: now)), nil) }
    lastRequestedAt = now
    return (.wait, begin(.request, goesPastCaches: true, at: now))
  }

  /// The file that holds the keys changed.
  ///
  /// A read that is under way may have seen the file before the change, so another follows it.
  package mutating func fileChanged(at now: MonotonicTime) -> FetchOrder? {
    guard inFlight == nil else {
      fetchAgain = true
      return nil
    }
    return begin(.fileChange, at: now)
  }

  /// The configuration was reloaded; keys stay in use as far as the new bounds allow.
  ///
  /// - Parameters:
  ///   - settings: The new settings.
  ///   - sourceChanged: Whether keys are now fetched another way: an answer still under way no longer counts, what went
  ///     wrong with the old way is over, and the new one is tried at once.
  ///   - trustChanged: Whether the operator now trusts another source of keys: those in use go at the next success, or
  ///     soon.
  ///   - now: The present moment.
  ///   - jitter: Random numbers.
  /// - Returns: The fetch that is to begin.
  package mutating func settingsChanged(
    _ settings: RefreshSettings, sourceChanged: Bool, trustChanged: Bool = false, at now: MonotonicTime,
    jitter: inout some RandomNumberGenerator
  ) -> FetchOrder? {
    self.settings = settings
    if trustChanged, let held {
      self.held?.trustedUntil = min(held.trustedUntil ?? .distantFuture, now + KeysLimits.trustAfterChange)
    }
    held?.apply(settings)
    if sourceChanged {
      consecutiveFailures = 0
      pausedUntil = nil
      budget = UnknownKeyBudget()
      return begin(.reload, at: now)
    }
    budget.apply(settings, at: now, pausedUntil: pausedUntil)
    guard inFlight == nil, let held else { return nil }
    if consecutiveFailures == 0 {
      due = refreshTime(for: held, jitter: &jitter)
    } else {
      // The slow pace was for keys that the new bounds may end sooner or have just ended.
      due = notLongAfterExpiry(due ?? now, at: now)
    }
    return nil
  }

  // MARK: Steps

  /// Whether a token's key may cost a fetch now.
  private func mayFetch(for kid: KidFingerprint, isUsable: Bool, at now: MonotonicTime) -> Bool {
    // Without usable keys the back-off is quick already, so only a request before the first attempt may start a fetch.
    guard isUsable else { return attempts == 0 }
    return settings.renewal == .lifetime && budget.allows(kid, at: now, settings)
  }

  mutating func begin(
    _ cause: FetchCause, goesPastCaches: Bool = false, at now: MonotonicTime
  ) -> FetchOrder {
    attempts += 1
    let order = FetchOrder(sequence: attempts, cause: cause, goesPastCaches: goesPastCaches)
    inFlight = InFlight(order: order, startedAt: now)
    due = nil
    fetchAgain = false
    lastAttemptAt = now
    return order
  }

  mutating func hold(_ keys: Keys, at time: MonotonicTime, headerLifetime: Duration?) {
    generations += 1
    var new = HeldKeys(keys: keys, generation: generations, validatedAt: time)
    new.confirm(at: time, headerLifetime: headerLifetime, settings: settings)
    held = new
  }
}
