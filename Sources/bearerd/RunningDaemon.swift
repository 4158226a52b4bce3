import ArgumentParser
import BearerClient
import BearerJSON
import Glibc

/// The daemon at a socket, as the subcommands ask it.
struct RunningDaemon {
  /// The socket's path.
  let path: String
  /// How long a reply is waited for; the daemon's own longest wait for keys is a minute, and usually half a second.
  var patience: Duration = .seconds(75)

  /// Sends a request and returns the reply, or ends the command with a message.
  func ask(_ request: JSONObject) async throws(ExitCode) -> JSONObject {
    let client = BearerClient(path: path)
    defer { client.close() }
    switch await reply(to: request, from: client) {
    case .success(let reply)?: return reply
    case .failure(let error)?: throw Self.exit(for: error)
    case nil: throw failure(.noDaemon, "the daemon at \(path) did not answer within \(patience)")
    }
  }

  /// The outcome; `nil` if there is none in time.
  private func reply(to request: JSONObject, from client: BearerClient) async -> Result<JSONObject, ClientError>? {
    await withTaskGroup(of: Result<JSONObject, ClientError>?.self) { group in
      group.addTask {
        do throws(ClientError) {
          return .success(try await client.request(request))
        } catch {
          return .failure(error)
        }
      }
      group.addTask { [patience] in
        try? await Task.sleep(for: patience)
        return nil
      }
      let first = await group.next()
      group.cancelAll()
      return first ?? nil
    }
  }

  private static func exit(for error: ClientError) -> ExitCode {
    switch error {
    case .noDaemon(let path, ENOENT):
      failure(
        .noDaemon, "no daemon answers at \(path): there is no such socket. Is bearerd running, and --socket right?")
    case .noDaemon(let path, ECONNREFUSED):
      failure(.noDaemon, "no daemon answers at \(path): the socket is there, but nobody listens")
    case .noDaemon(let path, EACCES):
      failure(
        .forbidden, "user \(geteuid()) may not use the socket at \(path); members of the socket's group may")
    case .noDaemon(let path, let code):
      failure(.noDaemon, "no daemon answers at \(path): \(String(cString: strerror(code)))")
    default:
      failure(.noDaemon, error.description)
    }
  }
}
