import ArgumentParser
import BearerDevIssuer

/// `revoke`: makes a good token invalid.
struct RevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Revoke a token, as a provider does when a user logs out.",
    usage: "bearerd-dev-issuer revoke [--keys <directory>] <token>",
    discussion: """
      The issuer's introspection, userinfo and resolver refuse the token at once; a JWT that is verified by its \
      signature alone stays good until it expires. A client does the same by a POST to /oauth2/revoke (RFC 7009).
      """)

  @OptionGroup var keys: KeysOption

  @Argument(help: "The token; - reads it from standard input.")
  var token: String

  func run() throws {
    let token = token == "-" ? readLine() ?? "" : token
    if token.isEmpty { throw ValidationError("there is no token") }
    try keys.directory.revoke(StoredTokenName(token))
  }
}
