/// How long a command waits for the daemon.
///
/// Most requests are answered at once; one that waits for an issuer takes as long as the configuration allows, which is
/// not known here. So the daemon is pinged meanwhile: one that hangs is found out soon, and one that works is never
/// given up too early.
struct ReplyDeadlines: Sendable {
  /// How long the reply may take in all.
  var reply: Duration
  /// The time from the request, and from each answer to a ping, to the next ping; none if ``reply`` is no longer.
  var betweenPings: Duration = .seconds(5)
  /// How long the answer to a ping may take.
  var ping: Duration = .seconds(5)

  /// How long a reply may take that needs no network.
  private static let margin: Duration = .seconds(5)

  /// For requests that the daemon answers from memory.
  static let atOnce = ReplyDeadlines(reply: margin)

  /// For `refresh-jwks`: the longest `timeout` of a fetch is five minutes, and one that is under way may come first.
  static let refresh = ReplyDeadlines(reply: .seconds(330))

  /// For a request about a token, which waits for keys until its own deadline; without one, at most for the longest
  /// `key_wait`, a minute.
  static func forToken(deadlineMilliseconds: Int64?) -> ReplyDeadlines {
    // The daemon refuses at once what is out of range.
    let wait = deadlineMilliseconds.map { Duration.milliseconds(min(max($0, 0), 10_000)) } ?? .seconds(60)
    return ReplyDeadlines(reply: wait + margin)
  }
}
