import ArgumentParser

/// `bearerd verify`.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Ask the daemon whether a token may be trusted.",
    usage: "bearerd verify [<options>] <token>\nbearerd verify [<options>] -",
    discussion: """
      Prints the daemon's reply: indented on a terminal, one line of JSON elsewhere. Exit status 0 means that the token \
      is good under the policy, 1 that it is refused, 75 that it could not be decided, 69 that nobody \
      answers; a daemon that hangs is given up after 10 s.

      Example:
        bearerd verify --explain --scope "orders:write" - < token.txt
      """)

  @OptionGroup var options: TokenOptions
  @OptionGroup var daemon: SocketOptions

  func run() async throws {
    try await TokenCommand(operation: "verify", options: options, daemon: daemon).ask()
  }
}
