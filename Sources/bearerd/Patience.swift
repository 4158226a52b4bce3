/// How long a daemon is waited for.
///
/// Most questions are answered at once; those that may wait for an issuer take as long as the configuration allows,
/// which is not known here. So a daemon that takes its time is asked, now and then, whether it is still there: one that
/// hangs is found out soon, and one that works is never given up too early.
struct Patience: Sendable {
  /// How long the reply may take in all.
  var reply: Duration
  /// How long after the question, and after each answer to a ping, the daemon is pinged; only if ``reply`` is longer.
  var betweenPings: Duration = .seconds(5)
  /// How long the answer to such a ping may take.
  var ping: Duration = .seconds(5)

  /// What any reply may take for which the daemon waits for nobody.
  private static let margin: Duration = .seconds(5)

  /// For what the daemon answers out of its memory.
  static let atOnce = Patience(reply: margin)

  /// For `refresh-jwks`: the longest `timeout` of a fetch is five minutes, and one that is under way may come first.
  static let refresh = Patience(reply: .seconds(330))

  /// For a question about a token, which waits for keys at most as long as it says itself, and as the longest `key_wait`,
  /// a minute.
  static func forToken(deadlineMilliseconds: Int64?) -> Patience {
    // The daemon refuses at once what is out of range.
    let wait = deadlineMilliseconds.map { Duration.milliseconds(min(max($0, 0), 10_000)) } ?? .seconds(60)
    return Patience(reply: wait + margin)
  }
}
