import ArgumentParser
import BearerDaemon

/// The command line.
@main
struct Bearerd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bearerd",
    abstract: "May I trust this token? Answers for every program on this host.",
    discussion: """
      bearerd finds the keys of your OpenID Connect issuers, keeps them in memory, and verifies JWT access tokens \
      and ID tokens for the programs beside it, over a Unix socket.

      Begin:        bearerd init https://id.example --audience my-api
      Run it:       bearerd serve --issuer https://id.example --audience my-api
      Ask it:       bearerd verify - < token.txt
      Why not?      bearerd try - < token.txt

      Exit status: 0 yes; 1 the token is refused; 64 wrong use; 69 no daemon answers; 71 the socket cannot be \
      bound; 75 it cannot be decided now; 77 not permitted; 78 the configuration is wrong.
      """,
    version: "bearerd \(Version.current)",
    groupedSubcommands: [
      CommandGroup(name: "Daemon", subcommands: [InitCommand.self, ServeCommand.self, CheckCommand.self]),
      CommandGroup(name: "Token", subcommands: [VerifyCommand.self, IntrospectCommand.self, TryCommand.self]),
      CommandGroup(
        name: "Running daemon",
        subcommands: [
          StatusCommand.self, RefreshJWKSCommand.self, ReloadCommand.self, PingCommand.self, HelloCommand.self,
        ]),
    ])
}
