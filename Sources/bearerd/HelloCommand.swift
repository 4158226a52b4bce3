import ArgumentParser
import BearerFiles
import BearerJSON

/// `bearerd hello`.
struct HelloCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hello",
    abstract: "Show the daemon's protocol version, operations, limits and features.",
    discussion: """
      Exit status 69 means that nobody answers, or not within 5 s.

      Example:
        bearerd hello | jq .limits
      """)

  @OptionGroup var daemon: SocketOptions

  func run() async throws {
    try Reply(await daemon.daemon(Environment.current()).ask(["op": "hello"])).printAndExit()
  }
}
