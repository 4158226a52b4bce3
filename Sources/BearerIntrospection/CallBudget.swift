import BearerTime

// A flood of made-up tokens must not turn the daemon into a weapon against the provider, so calls in a second are
// bounded. Nor may it refuse everybody else. A token that was called active before is not made up, so a part of the
// calls is kept for such tokens, and they are served first. The rest is shared out by user id: each owes for the calls
// that it took, and may owe four times what it leaves free. Time pays the debts of all in equal parts, so that one who
// takes little is never held up by one who takes all that there is.

/// How many calls a back-end may still be sent now, and by whom.
struct CallBudget: Sendable {
  /// What is owed for calls, in nanoseconds: a call costs a second divided by the calls in it.
  private var known: Int64 = 0
  private var users: [UInt32: Int64] = [:]
  private var total: Int64 = 0
  private var paidUntil = MonotonicTime.zero

  /// What may be owed in all: a second.
  private static let capacity: Int64 = 1_000_000_000
  /// More users than a host has; any others share one debt.
  private static let maximumUsers = 256

  /// Takes one call.
  ///
  /// - Parameters:
  ///   - user: The user id that asks.
  ///   - wasActive: Whether the token was called active before.
  ///   - callsPerSecond: The bound; at least one.
  ///   - now: The present moment.
  /// - Returns: `nil` if it was taken; else how long to wait before trying again.
  mutating func take(user: UInt32, wasActive: Bool, callsPerSecond: Int, at now: MonotonicTime) -> Duration? {
    payBack(until: now)
    let cost = Self.capacity / Int64(max(1, min(callsPerSecond, 1_000_000)))
    let user = users[user] != nil || users.count < Self.maximumUsers ? user : .max
    if wasActive {
      guard total + cost <= Self.capacity else { return .nanoseconds(total + cost - Self.capacity) }
      known += cost
      total += cost
      return nil
    }
    let open = max(cost, Self.capacity - Self.capacity / Int64(BackEndLimits.keptPart))
    let free = open - total - cost
    let owed = users[user] ?? 0
    guard free >= 0, owed + cost <= max(cost, 4 * free) else {
      return .nanoseconds(max(cost, -free) * Int64(max(1, users.count)))
    }
    users[user] = owed + cost
    total += cost
    return nil
  }

  /// Pays debts with the time since the last call: first those of known tokens, then those of users in equal parts.
  private mutating func payBack(until now: MonotonicTime) {
    let elapsed = now.duration(since: paidUntil)
    paidUntil = max(paidUntil, now)
    guard elapsed > .zero, total > 0 else { return }
    var left = elapsed >= .seconds(1) ? Self.capacity : elapsed.components.attoseconds / 1_000_000_000
    let toKnown = min(left, known)
    known -= toKnown
    total -= toKnown
    left -= toKnown
    // The smallest debt comes first, so that each step's equal part is at most what the others owe.
    var owing = users.count
    for (user, owed) in users.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
      let part = min(owed, left / Int64(owing))
      users[user] = owed == part ? nil : owed - part
      total -= part
      left -= part
      owing -= 1
    }
  }
}
