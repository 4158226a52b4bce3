import ArgumentParser
import BearerConfiguration
import BearerDaemon
import BearerFetch
import BearerFiles

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
    let sources = options.sources(environment)
    let configuration = try sources.loadOrExit()
    let counts = [
      Self.count(configuration.issuers.count, "issuer", "issuers"),
      Self.count(configuration.policies.count, "policy", "policies"),
    ]
    try Output.print("The configuration is sound: \(counts.joined(separator: ", ")).")
    for line in PresetLines.lines(for: configuration) { try Output.print(line) }
    let style = Output.standard.style(environment)
    let files = FileRemarks(on: configuration, in: sources.file)
    let remarks =
      ConfigurationRemarks.remarks(on: configuration) + files.onUse(withIssuers: offline) + files.onOthers()
    for remark in remarks {
      try Output.print("\(style.attention("!")) \(remark)")
    }
    guard !offline else { return }

    let reports = await IssuerCheck.run(configuration.issuers, environment: environment)
    for (issuer, report) in zip(configuration.issuers, reports) {
      let lines = ProbeLines(name: issuer.name, report: report, style: style, width: Output.standard.width).lines()
      try Output.print("\n" + lines.joined(separator: "\n"))
    }
    guard reports.allSatisfy(\.isUsable) else { throw ExitStatus.undecided.exitCode }
  }

  private static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
  }
}
