import ArgumentParser
import BearerDevIssuer
import BearerFiles

/// Where the issuer's keys are; the same for every command.
struct KeysOption: ParsableArguments {
  @Option(
    name: .customLong("keys"),
    help: ArgumentHelp(
      "Directory of the private keys (made if missing, files readable by you alone).",
      discussion: """
        Default: $BEARERD_DEV_ISSUER_KEYS, else $XDG_STATE_HOME/bearerd-dev-issuer, else \
        ~/.local/state/bearerd-dev-issuer.
        """,
      valueName: "directory"),
    completion: .directory)
  var path: String?

  /// The chosen directory.
  var directory: KeyDirectory {
    get throws {
      KeyDirectory(path: try path ?? Self.defaultPath())
    }
  }

  private static func defaultPath() throws -> String {
    let environment = Environment.current()
    if let path = environment.variable("BEARERD_DEV_ISSUER_KEYS") { return path }
    if let state = environment.variable("XDG_STATE_HOME") { return state + "/bearerd-dev-issuer" }
    if let home = environment.variable("HOME") { return home + "/.local/state/bearerd-dev-issuer" }
    throw ValidationError("There is no $HOME to keep keys in; name a directory with --keys.")
  }
}

extension SigningAlgorithm: ExpressibleByArgument {}
