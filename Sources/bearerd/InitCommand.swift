import ArgumentParser
import BearerConfiguration
import BearerDaemon
import BearerFetch
import BearerFiles
import BearerJOSE
import Glibc

/// `bearerd init`.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write the least configuration that works with an issuer.",
    usage: "bearerd init [<options>] <url>",
    discussion: """
      Reads the issuer's discovery document and keys, and writes a configuration with the issuer's own spelling of its \
      name, the algorithms of its keys, and the preset that fits its address. What only you can know is marked FILL IN. A file that exists is never touched.

      Exit status 0 means that the file was written, 75 that the issuer cannot be used, 73 that the file exists or \
      cannot be written.

      Example:
        bearerd init https://id.example --audience my-api --output bearerd.toml
      """)

  @Argument(help: ArgumentHelp("The issuer: what tokens have as iss, or where its discovery is.", valueName: "url"))
  var url: String

  @Option(help: ArgumentHelp("What the tokens for your application have as aud; repeated: any.", valueName: "aud"))
  var audience: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where to write; - for standard output. Otherwise \(Configuration.defaultFile).", valueName: "file"))
  var output = Configuration.defaultFile

  func run() async throws {
    let environment = Environment.current()
    let survey = await IssuerCheck.survey(url: Self.issuer(url), environment: environment)
    let lines = ProbeLines(
      name: survey.issuer ?? url, report: survey.report, style: Output.error.style(environment),
      width: Output.error.width)
    Output.error.write(line: lines.lines().joined(separator: "\n"))
    guard survey.report.isUsable, let issuer = survey.issuer else {
      throw failure(.undecided, "nothing was written: the issuer cannot be used as it is")
    }
    let proposal = ConfigurationProposal(
      url: issuer, algorithms: survey.algorithms.map(\.rawValue), audiences: audience, preset: Preset.fitting(issuer),
      isForIDTokens: Preset.fitting(issuer) == .google)
    let text =
      (["# Written by bearerd init. `bearerd check` tries it; every key is in the README.", ""] + proposal.lines())
      .joined(separator: "\n")
    guard output != "-" else { return try Output.print(text) }
    try write(text)
    let gaps = audience.isEmpty ? "; fill in what is marked FILL IN, then" : "; next:"
    Output.error.write(line: "\(output) is written\(gaps) bearerd check --config \(output)")
  }

  /// The issuer's url, also if the address of its discovery document or a host alone was given.
  private static func issuer(_ text: String) -> String {
    let wellKnown = "/.well-known/openid-configuration"
    let issuer = text.hasSuffix(wellKnown) ? String(text.dropLast(wellKnown.count)) : text
    return issuer.contains("://") ? issuer : "https://" + issuer
  }

  private func write(_ text: String) throws(ExitCode) {
    let descriptor = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      let code = errno
      throw failure(
        .cannotCreate,
        code == EEXIST
          ? "\(output) exists and is left as it is; choose another place with --output"
          : "\(output) cannot be written: \(String(cString: strerror(code)))")
    }
    defer { close(descriptor) }
    if let code = Output(descriptor: descriptor).write(line: text) {
      unlink(output)
      throw failure(.cannotCreate, "\(output) cannot be written: \(String(cString: strerror(code)))")
    }
  }
}
