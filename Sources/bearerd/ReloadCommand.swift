import ArgumentParser
import BearerConfiguration
import BearerFiles
import BearerJSON

/// `bearerd reload`.
struct ReloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Have the daemon read its configuration anew, and learn what became of it.",
    discussion: """
      Returns when every request is answered by the new configuration. A faulty one changes nothing: its faults are in \
      the reply, and the exit status is 78. Only the daemon's own user and root may ask, through the admin_socket of the \
      configuration; where there is none, SIGHUP does the same without an answer.

      Example:
        bearerd check && bearerd reload
      """)

  @OptionGroup var daemon: AdminSocketOptions

  func run() async throws {
    let daemon = try daemon.daemon(Environment.current(), deadlines: .refresh)
    try Reply(await daemon.ask(["op": "reload"])).printAndExit()
  }
}

/// Which daemon is asked, by its admin socket.
struct AdminSocketOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The daemon's admin_socket. Otherwise $BEARERD_ADMIN_SOCKET, or \(Configuration.usualAdminSocketPath).",
      valueName: "path"))
  var adminSocket: String?

  func validate() throws(ValidationError) {
    if adminSocket == "" { throw ValidationError("--admin-socket is empty") }
  }

  /// The daemon at the admin socket.
  func daemon(_ environment: [String: String], deadlines: ReplyDeadlines) throws(ExitCode) -> RunningDaemon {
    RunningDaemon(
      path: adminSocket ?? environment.variable("BEARERD_ADMIN_SOCKET") ?? Configuration.usualAdminSocketPath,
      deadlines: deadlines)
  }
}
