import ArgumentParser
import BearerConfiguration
import BearerDaemon
import BearerFiles
import Glibc

/// Which daemon is asked.
struct SocketOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The daemon's socket. Otherwise $BEARERD_SOCKET, or \(Configuration.defaultSocketPath).", valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "The user id that the socket must be of, or nothing is sent: the daemon's, or 0 with systemd's socket unit. "
        + "($BEARERD_SERVER_UID)", valueName: "uid"))
  var serverUid: UInt32?

  func validate() throws(ValidationError) {
    if socket == "" { throw ValidationError("--socket is empty") }
  }

  /// The daemon to ask.
  ///
  /// - Throws: The exit code, if `BEARERD_SERVER_UID` is not a user id: without the check a token could go to anybody.
  func daemon(
    _ environment: [String: String], deadlines: ReplyDeadlines = .atOnce
  ) throws(ExitCode) -> RunningDaemon {
    var uid = serverUid
    if uid == nil, let variable = environment.variable("BEARERD_SERVER_UID") {
      uid = UInt32(variable)
      guard uid != nil else { throw failure(.usage, "BEARERD_SERVER_UID is no user id") }
    }
    return RunningDaemon(path: path(environment), serverUID: uid, deadlines: deadlines)
  }

  /// The daemon to ask, through its admin socket if this user may use that.
  ///
  /// If a path was given, the usual admin socket is not tried: it may be that of another daemon.
  func preferringAdminSocket(_ environment: [String: String]) throws(ExitCode) -> RunningDaemon {
    let ordinary = try daemon(environment)
    let named = environment.variable("BEARERD_ADMIN_SOCKET")
    let isOrdinaryNamed = socket != nil || environment.variable("BEARERD_SOCKET") != nil
    guard socket == nil, let path = named ?? (isOrdinaryNamed ? nil : Configuration.usualAdminSocketPath),
      access(path, W_OK) == 0
    else { return ordinary }
    return RunningDaemon(path: path, serverUID: ordinary.serverUID, deadlines: ordinary.deadlines)
  }

  private func path(_ environment: [String: String]) -> String {
    socket ?? environment.variable("BEARERD_SOCKET") ?? Configuration.defaultSocketPath
  }
}
