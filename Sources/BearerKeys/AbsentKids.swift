import BearerTime

/// A seeded hash of a `kid`; attackers choose the text, so it is not kept.
package struct KidFingerprint: Hashable, Sendable {
  private let hash: Int
  /// Whether there is a `kid`: without one no key can be proven absent.
  let isOfKid: Bool

  /// The fingerprint of a token's `kid`, or of the lack of one.
  package init(_ kid: [UInt8]?) {
    var hasher = Hasher()
    hasher.combine(kid)
    hash = hasher.finalize()
    isOfKid = kid != nil
  }
}

/// The kids that a fetch, made while they were asked for, proved absent: the bounded negative cache.
///
/// The issuer's cool-down alone would bound the fetches. But after a provider drops a key, clients go on sending its
/// tokens for as long as these last, and each of ten thousand daemons would spend its every cool-down on the same dead
/// kid; a kid that is really new would find the budget spent. So a kid that was proven absent holds back itself, and
/// only itself: for one cool-down, then about two, then about four, as long as it keeps being proven absent. Not longer,
/// because there are providers that sign with a key before they publish it. About, because a fleet that met the kid in
/// the same second must not come back in the same second.
struct AbsentKids: Sendable {
  private struct Entry {
    /// Until when the kid starts no fetch.
    var heldUntil: MonotonicTime
    /// Until when the count of proofs is remembered.
    var forgottenAt: MonotonicTime
    /// How many cool-downs it was held for.
    var cooldowns: Int
  }

  private var entries: [KidFingerprint: Entry] = [:]

  /// How many kids are remembered; at most ``KeysLimits/rememberedAbsentKids``.
  var count: Int { entries.count }

  /// Whether `kid` was proven absent so recently that asking again is no use.
  func holds(_ kid: KidFingerprint, at now: MonotonicTime) -> Bool {
    guard let entry = entries[kid] else { return false }
    return now < entry.heldUntil
  }

  /// Notes that a fetch that began at `attempt` did not bring `kid`; like the cool-down, the hold counts from there.
  mutating func prove(
    _ kid: KidFingerprint, by attempt: MonotonicTime, cooldown: Duration, jitter: inout some RandomNumberGenerator
  ) {
    let cooldowns: Int
    if let entry = entries[kid], attempt < entry.forgottenAt {
      cooldowns = min(entry.cooldowns * 2, KeysLimits.absentKidMaximumCooldowns)
    } else {
      cooldowns = 1
    }
    if entries[kid] == nil { makeRoom(at: attempt) }
    let stretch = cooldowns == 1 ? 1 : KeysLimits.absentKidJitter.randomPoint(using: &jitter)
    let held = attempt + cooldown * cooldowns * stretch
    entries[kid] = Entry(heldUntil: held, forgottenAt: held + cooldown * cooldowns, cooldowns: cooldowns)
  }

  /// Drops what is forgotten, and if that is little, the quarter that would be forgotten first.
  ///
  /// Many are dropped at once, because a flood adds thousands under the issuer's lock.
  private mutating func makeRoom(at now: MonotonicTime) {
    let most = KeysLimits.rememberedAbsentKids
    guard entries.count >= most else { return }
    entries = entries.filter { now < $0.value.forgottenAt }
    guard entries.count > most * 3 / 4 else { return }
    let latest = entries.sorted { $0.value.forgottenAt > $1.value.forgottenAt }.prefix(most * 3 / 4)
    entries = Dictionary(latest.map { ($0.key, $0.value) }) { first, _ in first }
  }
}
