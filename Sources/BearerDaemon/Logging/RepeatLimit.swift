import BearerKeys

/// Decides which of equal messages are logged, and counts the others.
///
/// The first few within a minute pass; the next one that passes tells how many did not. Kinds are forgotten with their
/// minute, and if there are too many of them at once all are: to log more is the smaller harm.
struct RepeatLimit {
  /// What is to be done with a message.
  enum Decision: Equatable {
    /// It is logged; so many equal ones before it were not.
    case log(suppressed: Int)
    /// It is counted only.
    case suppress
  }

  /// How many equal messages pass within ``period``.
  static let burst = 5
  /// How long equal messages are counted together.
  static let period = Duration.seconds(60)
  /// How many kinds of messages are told apart.
  static let kinds = 256

  private struct Tally {
    var began: MonotonicTime
    var passed: Int
    var suppressed: Int
  }

  private var tallies: [String: Tally] = [:]

  /// Takes note of a message.
  ///
  /// - Parameters:
  ///   - kind: What messages have in common that count as equal.
  ///   - now: When it came.
  /// - Returns: What is to be done with it.
  mutating func decide(_ kind: String, now: MonotonicTime) -> Decision {
    guard var tally = tallies[kind], now.duration(since: tally.began) < Self.period else {
      let suppressed = tallies[kind]?.suppressed ?? 0
      if tallies.count >= Self.kinds { forget(now) }
      tallies[kind] = Tally(began: now, passed: 1, suppressed: 0)
      return .log(suppressed: suppressed)
    }
    if tally.passed < Self.burst {
      tally.passed += 1
      tallies[kind] = tally
      return .log(suppressed: 0)
    }
    tally.suppressed += 1
    tallies[kind] = tally
    return .suppress
  }

  private mutating func forget(_ now: MonotonicTime) {
    tallies = tallies.filter { now.duration(since: $0.value.began) < Self.period }
    if tallies.count >= Self.kinds { tallies = [:] }
  }
}
