import ArgumentParser
import BearerDaemon

/// `bearerd check`.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Validate the configuration, then try every issuer; says what to mend.",
    usage: "bearerd check [--config <file>] [<options>]\nbearerd check --issuer <url> --audience <aud> ... [<options>]",
    discussion: """
      Exit status 78 means that the configuration is wrong, 75 that an issuer did not pass, 0 that all is well.

      Examples:
        bearerd check --config bearerd.toml --offline
        bearerd check --issuer https://id.example --audience my-api
      """)

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Only validate; nothing is sent.")
  var offline = false

  func run() async throws {
    let environment = Environment.current()
    let configuration = try options.sources(environment).loadOrExit()
    let counts = [(configuration.issuers.count, "issuer"), (configuration.policies.count, "policy")].map {
      count, noun in
      count == 1 ? "1 \(noun)" : "\(count) \(noun == "policy" ? "policies" : noun + "s")"
    }
    Output.standard.write(line: "The configuration is sound: \(counts.joined(separator: ", ")).")
  }
}
