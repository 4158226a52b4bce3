import ArgumentParser
import BearerClient
import BearerJSON

/// The daemon at a socket, as the subcommands ask it.
struct RunningDaemon {
  /// The socket's path.
  let path: String
  /// The user who must own the socket; any if nil.
  var serverUID: UInt32?
  /// How long a reply is waited for.
  var deadlines = ReplyDeadlines.atOnce

  private typealias Outcome = Result<JSONObject, NoReply>

  /// Sends a request and returns the reply, or ends the command with a message.
  func ask(_ request: JSONObject) async throws(ExitCode) -> JSONObject {
    do throws(NoReply) {
      return try await reply(to: request)
    } catch {
      throw failure(error.status, error.message)
    }
  }

  /// Sends a request and returns the reply; without one in time, it is not sent again.
  func reply(to request: JSONObject) async throws(NoReply) -> JSONObject {
    let late = Outcome.failure(late("did not answer", deadlines.reply))
    let outcome = await withTaskGroup(of: Outcome.self) { group in
      group.addTask {
        let outcome = await attempt(request, within: deadlines.reply)
        return outcome ?? late
      }
      if deadlines.reply > deadlines.betweenPings {
        group.addTask {
          await untilSilent()
          return .failure(self.late("hangs: it did not answer a ping", deadlines.ping))
        }
      }
      let first = await group.next()
      group.cancelAll()
      return first ?? late
    }
    return try outcome.get()
  }

  private func late(_ what: String, _ time: Duration) -> NoReply {
    NoReply(status: .noDaemon, message: "the daemon at \(path) \(what) within \(time)")
  }

  /// Pings the daemon until a ping is not answered in time.
  ///
  /// Any other failure of a ping proves nothing: a daemon that stops, or has no room for another connection, may still
  /// answer what it has received.
  private func untilSilent() async {
    while !Task.isCancelled {
      // Sleep throws only when the task is cancelled; then the ping ends at once, and the loop after it.
      try? await Task.sleep(for: deadlines.betweenPings)
      guard await attempt(["op": "ping"], within: deadlines.ping) != nil else { return }
    }
  }

  /// Sends a request over a connection of its own; `nil` if there is no reply in time.
  private func attempt(_ request: JSONObject, within time: Duration) async -> Outcome? {
    let client = BearerClient(path: path, serverUID: serverUID)
    defer { client.close() }
    return await withTaskGroup(of: Outcome?.self) { group in
      group.addTask {
        do throws(ClientError) {
          return .success(try await client.request(request))
        } catch {
          return .failure(NoReply(error, path: path))
        }
      }
      group.addTask {
        // Sleep throws only when the task is cancelled, because the reply came first or is no longer wanted.
        try? await Task.sleep(for: time)
        return nil
      }
      let first = await group.next()
      group.cancelAll()
      return first ?? nil
    }
  }
}
