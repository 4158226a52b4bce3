import ArgumentParser
import BearerDevIssuer

/// `rotate`: new keys in, old keys out.
struct RotateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Add a new key for each algorithm and retire old ones; a running serve shows it at once.",
    usage: "bearerd-dev-issuer rotate [<options>]",
    discussion: "Prints a line for each key: + and its kid if it was added, - if it was removed.")

  @OptionGroup var keys: KeysOption

  @Option(help: "How many older keys of each algorithm stay in the set.")
  var keep = 1

  @Option(name: .customLong("alg"), help: "Rotate only this algorithm; repeatable. Default: all that have a key.")
  var algorithms: [SigningAlgorithm] = []

  @Option(help: "The new key's kid; with exactly one --alg. Default: a random one.")
  var kid: String?

  func validate() throws {
    if keep < 0 { throw ValidationError("--keep is 0 or more") }
    if kid != nil && algorithms.count != 1 { throw ValidationError("--kid goes with exactly one --alg") }
  }

  func run() throws {
    let rotation = try keys.directory.rotate(algorithms, keep: keep, kid: kid)
    for kid in rotation.added { StandardOutput.write(line: "+ \(kid)") }
    for kid in rotation.removed { StandardOutput.write(line: "- \(kid)") }
  }
}
