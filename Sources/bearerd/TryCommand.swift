import ArgumentParser
import BearerFiles
import BearerJSON
import Glibc

/// `bearerd try`.
struct TryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try",
    abstract: "Look at a token: whose it is, which policy takes it, and what to change.",
    usage: "bearerd try [<options>] <token>\nbearerd try [<options>] -",
    discussion: """
      Shows what the token says, asks the running daemon about it once for each of its policies, and says what stands \
      in the way and what to write into the configuration. The token goes nowhere but to the daemon's socket.

      Exit status 0 means that a policy takes it, 1 that none does, 75 that it could not be decided, 69 that no \
      daemon answers.

      Example:
        bearerd try - < token.txt
      """)

  @Argument(
    help: ArgumentHelp(
      "The token; - reads it from standard input, which keeps it out of the process list.", valueName: "token"))
  var token: String

  @OptionGroup var socket: SocketOptions

  func run() async throws {
    let environment = Environment.current()
    let style = Output.standard.style(environment)
    let text = try TokenCommand.token(token)
    let token = UnverifiedToken(text)
    try print(UnverifiedTokenTable(token: token, now: Int64(time(nil)), style: style).lines())

    let daemon = try socket.daemon(environment, deadlines: .forToken(deadlineMilliseconds: nil))
    let status: JSONObject
    do throws(NoReply) {
      status = try await daemon.reply(to: ["op": "status"])
    } catch {
      try print([""] + TokenAdvice(token: token, issuers: nil, replies: []).lines())
      throw failure(error.status, error.message)
    }
    // A user who may not ask for the status still gets the reply under the default policy.
    let policies = status["policies"]?.arrayValue?.compactMap(\.stringValue).map(Optional.some) ?? [nil]
    var replies: [TokenAdvice.PolicyReply] = []
    for policy in policies {
      var request: JSONObject = ["op": "verify", "token": .string(text), "explain": true]
      request["policy"] = policy.map(JSONValue.string)
      replies.append(.init(policy: policy ?? "default", reply: try await daemon.ask(request)))
    }
    for reply in replies {
      let table = TraceTable(reply: reply.reply, style: style, width: Output.standard.width)
      try print(["", style.strong("policy \(Style.harmless(reply.policy))")] + table.summary())
    }
    let issuers = status["issuers"]?.arrayValue?.compactMap { $0["url"]?.stringValue }
    let names = status["issuers"]?.arrayValue?.compactMap { $0["issuer"]?.stringValue } ?? []
    let advice = TokenAdvice(token: token, issuers: issuers, issuerNames: Set(names), replies: replies)
    let lines = advice.lines()
    if !lines.isEmpty { try print([""] + lines) }
    throw advice.exitStatus.exitCode
  }

  private func print(_ lines: [String]) throws(ExitCode) {
    try Output.print(lines.joined(separator: "\n"))
  }
}
