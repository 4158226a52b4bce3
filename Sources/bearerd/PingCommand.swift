import ArgumentParser
import BearerJSON

/// `bearerd ping`.
struct PingCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ping",
    abstract: "Ask whether the daemon answers, for health checks.",
    discussion: """
      Exit status 0 means that it does; 69 that nobody answers, or not within 5 s. With --ready, 75 means that it answers but has no keys \
      for some issuer yet.

      Example, as a container's readiness probe:
        bearerd ping --ready
      """)

  @Flag(help: "Ask, too, whether every issuer has keys.")
  var ready = false

  @OptionGroup var daemon: SocketOptions

  func run() async throws {
    let reply = try await daemon.daemon(Environment.current()).ask(["op": "ping"])
    try Reply(reply).printAndExit(Self.status(of: reply, mustBeReady: ready))
  }

  /// The exit status for a reply; without a word about readiness, the daemon is not ready.
  static func status(of reply: JSONObject, mustBeReady: Bool) -> ExitStatus {
    let status = ExitStatus(reply: reply)
    return status == .holds && mustBeReady && reply["ready"] != .bool(true) ? .undecided : status
  }
}
