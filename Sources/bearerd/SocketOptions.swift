import ArgumentParser
import BearerConfiguration
import BearerDaemon
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

  /// The daemon that is meant.
  ///
  /// - Throws: The end of the command, if the environment names no user id: to go on without it could send a token to
  ///   anybody.
  func daemon(
    _ environment: [String: String], patience: Patience = .atOnce
  ) throws(ExitCode) -> RunningDaemon {
    var uid = serverUid
    if uid == nil, let variable = environment["BEARERD_SERVER_UID"], !variable.isEmpty {
      uid = UInt32(variable)
      guard uid != nil else { throw failure(.usage, "BEARERD_SERVER_UID is no user id") }
    }
    return RunningDaemon(path: path(environment), serverUID: uid, patience: patience)
  }

  /// The daemon that is meant, through its socket for administrators if this user may use that.
  ///
  /// A path that was named says which daemon is meant, and is never left for another one.
  func tellingDaemon(_ environment: [String: String]) throws(ExitCode) -> RunningDaemon {
    let ordinary = try daemon(environment)
    let named = environment["BEARERD_ADMIN_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
    let isOrdinaryNamed = socket != nil || environment["BEARERD_SOCKET"]?.isEmpty == false
    guard socket == nil, let path = named ?? (isOrdinaryNamed ? nil : Configuration.usualAdminSocketPath),
      access(path, W_OK) == 0
    else { return ordinary }
    return RunningDaemon(path: path, serverUID: ordinary.serverUID, patience: ordinary.patience)
  }

  private func path(_ environment: [String: String]) -> String {
    if let socket { return socket }
    if let variable = environment["BEARERD_SOCKET"], !variable.isEmpty { return variable }
    return Configuration.defaultSocketPath
  }
}
