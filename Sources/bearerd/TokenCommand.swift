import ArgumentParser
import BearerFiles
import BearerJSON

/// What `verify` and `introspect` do.
struct TokenCommand {
  let operation: String
  let options: TokenOptions
  let daemon: SocketOptions

  /// Asks, prints, and ends the command with the status of the verdict.
  func ask() async throws(ExitCode) {
    let request = options.request(operation: operation, token: try Self.token(options.token))
    let environment = Environment.current()
    let deadlines = ReplyDeadlines.forToken(deadlineMilliseconds: options.deadlineMs)
    let reply = try await daemon.daemon(environment, deadlines: deadlines).ask(request)
    if options.explain, Output.standard.isTerminal {
      let table = TraceTable(
        reply: reply, style: Output.standard.style(environment), width: Output.standard.width)
      try Output.print(table.lines().joined(separator: "\n"))
      throw ExitStatus(reply: reply).exitCode
    }
    try Reply(reply).printAndExit()
  }

  /// The token: the argument, or standard input for `-`.
  static func token(_ argument: String) throws(ExitCode) -> String {
    guard argument == "-" else { return argument }
    do throws(StandardInput.Fault) {
      return try StandardInput.readToken()
    } catch {
      throw failure(.usage, error.message)
    }
  }
}
