import ArgumentParser
import BearerConfiguration
import BearerFiles
import BearerJSON

/// `bearerd status`.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what the daemon knows: its issuers, their keys, their last faults.",
    usage: "bearerd status [--issuer <name>] [<options>]",
    discussion: """
      Readable on a terminal, one line of JSON elsewhere. Where the configuration has an admin_socket, what is wrong with \
      an issuer or a configuration is told in words through that one only, which is asked where this user may ask it \
      ($BEARERD_ADMIN_SOCKET, or \(Configuration.usualAdminSocketPath)). Exit status 69 means that nobody answers, or not within 5 s.

      Example:
        bearerd status | jq '.issuers[].state'
      """)

  @Option(help: ArgumentHelp("Only this issuer, by its name in the configuration or its url.", valueName: "name"))
  var issuer: String?

  @OptionGroup var daemon: SocketOptions

  func run() async throws {
    let environment = Environment.current()
    var request: JSONObject = ["op": "status"]
    request["issuer"] = issuer.map(JSONValue.string)
    let reply = try await daemon.preferringAdminSocket(environment).ask(request)
    guard Output.standard.isTerminal, ExitStatus(reply: reply) == .holds else { return try Reply(reply).printAndExit() }
    let table = StatusTable(
      reply: reply, style: Output.standard.style(environment), width: Output.standard.width)
    try Output.print(table.lines().joined(separator: "\n"))
  }
}
