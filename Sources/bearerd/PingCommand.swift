import ArgumentParser
import BearerFiles
import BearerJSON
import BearerProtocol

/// `bearerd ping`.
struct PingCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ping",
    abstract: "Ask whether the daemon answers, for health checks.",
    discussion: """
      Exit status 0 means that it does, if only to say that there are too many connections; 69 that nobody answers, or not within 5 s. \
      With --ready, 75 means that it answers but has no keys for some issuer yet, or that it had no connection left to say so.

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

  /// The exit status for a reply; one without `ready` counts as not ready.
  ///
  /// `too_many_connections` is an answer too: clients that hold all connections must not have the daemon restarted.
  static func status(of reply: JSONObject, mustBeReady: Bool) -> ExitStatus {
    let status = ExitStatus(reply: reply)
    if mustBeReady { return status == .holds && reply["ready"] != .bool(true) ? .undecided : status }
    let code = reply["error"]?["code"]?.stringValue
    return status == .undecided && code == UnavailableCode.tooManyConnections.rawValue ? .holds : status
  }
}
