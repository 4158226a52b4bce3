import ArgumentParser
import BearerDaemon

/// Which daemon is asked.
struct SocketOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The daemon's socket. Otherwise $BEARERD_SOCKET, or \(Configuration.defaultSocketPath).", valueName: "path"))
  var socket: String?

  func validate() throws(ValidationError) {
    if socket == "" { throw ValidationError("--socket is empty") }
  }

  /// The path that counts.
  func path(_ environment: [String: String]) -> String {
    if let socket { return socket }
    if let variable = environment["BEARERD_SOCKET"], !variable.isEmpty { return variable }
    return Configuration.defaultSocketPath
  }
}
