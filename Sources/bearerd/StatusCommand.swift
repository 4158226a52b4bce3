import ArgumentParser
import BearerJSON

/// `bearerd status`.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what the daemon knows: its issuers, their keys, their last faults.",
    discussion: """
      Readable on a terminal, one line of JSON elsewhere. Exit status 69 means that nobody answers, or not within 5 s.

      Example:
        bearerd status | jq '.issuers[].state'
      """)

  @OptionGroup var daemon: SocketOptions

  func run() async throws {
    let environment = Environment.current()
    let reply = try await daemon.daemon(environment).ask(["op": "status"])
    guard Output.standard.isTerminal, ExitStatus(reply: reply) == .holds else { return try Reply(reply).printAndExit() }
    let table = StatusTable(
      reply: reply, style: Output.standard.style(environment), width: Output.standard.width)
    try Output.print(table.lines().joined(separator: "\n"))
  }
}
