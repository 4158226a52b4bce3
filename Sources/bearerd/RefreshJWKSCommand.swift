import ArgumentParser
import BearerFiles
import BearerJSON

/// `bearerd refresh-jwks`.
struct RefreshJWKSCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refresh-jwks",
    abstract: "Have the daemon fetch its issuers' keys now.",
    usage: "bearerd refresh-jwks [--issuer <name>] [<options>]",
    discussion: """
      For keys that were just rotated. The reply tells for each issuer which keys came and went; a fetch that fails \
      leaves the keys as they are, and the exit status is 75.

      Waits as long as the fetches take. Exit status 69 means that nobody answers; a daemon that hangs is given up \
      after 10 s.

      Example:
        bearerd refresh-jwks --issuer authgear
      """)

  @Option(help: ArgumentHelp("Only this issuer, by its name in the configuration or its url.", valueName: "name"))
  var issuer: String?

  @OptionGroup var daemon: SocketOptions

  func run() async throws {
    var request: JSONObject = ["op": "refresh-jwks"]
    request["issuer"] = issuer.map(JSONValue.string)
    let daemon = try daemon.daemon(Environment.current(), deadlines: .refresh)
    try Reply(await daemon.ask(request)).printAndExit()
  }
}
