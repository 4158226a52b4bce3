import ArgumentParser
import BearerDevIssuer
import BearerJSON

/// `jwks`: the public keys on standard output.
struct JWKSCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jwks",
    abstract: "Print the key set, for a jwks_file or to look at.",
    usage: "bearerd-dev-issuer jwks [<options>]")

  @OptionGroup var keys: KeysOption

  func run() throws {
    let directory = try keys.directory
    try directory.prepare([])
    // The URL is no part of the key set.
    let set = try DevIssuer(url: "", keyStore: directory).keySet()
    StandardOutput.write(line: String(decoding: set.serialized(), as: UTF8.self))
  }
}
