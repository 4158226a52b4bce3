import ArgumentParser
import BearerJSON

/// The daemon at a socket, as the subcommands ask it.
struct RunningDaemon {
  /// The socket's path.
  let path: String
  /// How long a reply is waited for; the daemon's own longest wait for keys is ten seconds.
  var patience: Duration = .seconds(15)

  /// Sends a request and returns the reply, or ends the command with a message.
  func ask(_ request: JSONObject) async throws(ExitCode) -> JSONObject {
    throw failure(.noDaemon, "no daemon answers at \(path)")
  }
}
