import ArgumentParser

/// `bearerd introspect`.
struct IntrospectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "introspect",
    abstract: "Ask the daemon about a token, answered in the manner of RFC 7662.",
    usage: "bearerd introspect [<options>] <token>\nbearerd introspect [<options>] -",
    discussion: """
      As verify, but the reply's member "introspection" says "active" and repeats the claims as an introspection \
      endpoint would. Exit status as for verify.

      Example:
        bearerd introspect --policy admin - < token.txt
      """)

  @OptionGroup var options: TokenOptions
  @OptionGroup var daemon: SocketOptions

  func run() async throws {
    try await TokenCommand(operation: "introspect", options: options, daemon: daemon).ask()
  }
}
