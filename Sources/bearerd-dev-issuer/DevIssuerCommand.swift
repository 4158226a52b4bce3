import ArgumentParser

/// `bearerd-dev-issuer`: an OpenID provider for development and tests, and for nothing else.
@main struct DevIssuerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bearerd-dev-issuer",
    abstract: "An OpenID provider for development and tests: never for production.",
    discussion: """
      It serves a discovery document and a key set on a loopback address and mints any token you need to try, good \
      or bad. Nobody logs in; whoever can read its keys can mint.

      The first minute: run starts issuer and daemon together and prints tokens and lines to paste.

        bearerd-dev-issuer run

      serve and mint share a directory, so they work together without options:

        bearerd-dev-issuer serve &
        url=http://127.0.0.1:9393 socket=/tmp/bearerd.sock
        bearerd serve --issuer $url --audience $url --socket $socket &
        bearerd-dev-issuer mint | bearerd verify --socket $socket -
        bearerd-dev-issuer mint --expired | bearerd verify --socket $socket -
      """,
    subcommands: [
      RunCommand.self, ServeIssuerCommand.self, MintCommand.self, RevokeCommand.self, RotateCommand.self,
      JWKSCommand.self,
    ])
}
