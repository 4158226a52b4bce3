package import BearerJOSE
import BearerTime

/// One issuer's keys as op `status` tells them.
package struct IssuerKeysStatus: Sendable {
  /// What is being done about the keys.
  package enum Activity: String, Sendable {
    /// Nothing; the next refresh is planned, or none is needed.
    case idle
    /// A fetch is under way and there is nothing to verify with until it ends.
    case fetching
    /// A fetch is under way while the keys are in use.
    case refreshing
    /// The last fetch failed; the next is planned.
    case backingOff = "backing_off"
    /// An unknown kid was fetched for not long ago; others start no fetch for a while.
    case coolingDown = "cooling_down"
  }

  /// How far the keys can be trusted.
  package var health: KeysHealth
  /// What is being done about them.
  package var activity: Activity
  /// The keys of the set, each with its problem, if any; without a set in use, those of the set that was refused
  /// because it has no usable key.
  package var keys: [KeySet.Entry]
  /// How many unusable keys are not among ``keys``.
  package var keysLeftOut: Int
  /// How many keys are usable.
  package var usableKeys: Int
  /// Counts the sets that were put in use.
  package var generation: UInt64?
  /// Time since the provider last sent or confirmed the set.
  package var age: Duration?
  /// Time until the end of its lifetime; negative after it; `nil` if it has none or there is no set.
  package var lifetimeLeft: Duration?
  /// Time until the end of its use; `nil` if it has none or there is no set.
  package var usableLeft: Duration?
  /// Time since the last fetch began.
  package var sinceLastAttempt: Duration?
  /// Time since the last fetch succeeded.
  package var sinceLastSuccess: Duration?
  /// The last fault ever, if any; a later success does not remove it.
  package var lastFault: FetchFault?
  /// Time since the last fault.
  package var sinceLastFault: Duration?
  /// Failures since the last success.
  package var consecutiveFailures: Int
  /// Time until the next fetch; `nil` while one is under way or none is planned.
  package var nextAttemptIn: Duration?
  /// Time for which unknown kids start no fetch; zero if they may.
  package var cooldownLeft: Duration
  /// How many requests wait.
  package var waiting: Int
  /// How many explicit refreshes wait.
  package var refreshing: Int
  /// Kids remembered as absent.
  package var rememberedAbsentKids: Int
  /// Fetches begun.
  package var fetches: UInt64
  /// Fetches that failed.
  package var failures: UInt64
}

extension IssuerKeysStatus {
  init(_ machine: RefreshStateMachine<KeySetWithBody>, waiting: Int, refreshing: Int, at now: MonotonicTime) {
    let held = machine.held
    health = machine.health(at: now)
    cooldownLeft = max(machine.cooldownUntil?.duration(since: now) ?? .zero, .zero)
    if machine.inFlight != nil {
      activity = health.isUsable ? .refreshing : .fetching
    } else if machine.consecutiveFailures > 0 {
      activity = .backingOff
    } else {
      activity = cooldownLeft > .zero ? .coolingDown : .idle
    }
    // Without a set in use, an operator needs to see the refused one.
    let refused = held == nil ? machine.lastFailure?.fault : nil
    keys = held?.keys.keys.entries ?? refused?.refusedKeys ?? []
    keysLeftOut = held?.keys.keys.leftOut ?? refused?.refusedKeysLeftOut ?? 0
    usableKeys = held?.keys.keys.usableKeys ?? 0
    generation = held?.generation
    age = held.map { now.duration(since: $0.validatedAt) }
    lifetimeLeft = held?.freshUntil?.duration(since: now)
    usableLeft = held?.usableUntil?.duration(since: now)
    sinceLastAttempt = machine.lastAttemptAt.map { now.duration(since: $0) }
    sinceLastSuccess = machine.lastSuccessAt.map { now.duration(since: $0) }
    lastFault = machine.lastFailure?.fault
    sinceLastFault = machine.lastFailure.map { now.duration(since: $0.at) }
    consecutiveFailures = machine.consecutiveFailures
    nextAttemptIn = machine.due.map { max($0.duration(since: now), .zero) }
    self.waiting = waiting
    self.refreshing = refreshing
    rememberedAbsentKids = machine.rememberedAbsentKids
    fetches = machine.attempts
    failures = machine.failures
  }
}
