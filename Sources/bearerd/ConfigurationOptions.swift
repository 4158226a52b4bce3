import ArgumentParser
import BearerConfiguration
import BearerDaemon
import BearerTOML

/// Where the configuration of `serve` and `check` comes from.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration file. Otherwise $BEARERD_CONFIG, or \(Configuration.defaultFile).", valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "The one issuer, in place of a file: what tokens have as iss. ($BEARERD_ISSUER)", valueName: "url"))
  var issuer: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "What tokens must have as aud, any of these; goes with --issuer. ($BEARERD_AUDIENCE, comma separated)",
      valueName: "aud"))
  var audience: [String] = []

  @Option(
    help: ArgumentHelp("Where to listen, whatever the file says. ($BEARERD_SOCKET)", valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "Where administrators are answered, whatever the file says. ($BEARERD_ADMIN_SOCKET)", valueName: "path"))
  var adminSocket: String?

  @Option(
    help: ArgumentHelp(
      "trace, debug, info, notice, warning, error or critical. ($BEARERD_LOG_LEVEL)", valueName: "level"))
  var logLevel: String?

  @Option(
    help: ArgumentHelp("auto, journal, json or text. ($BEARERD_LOG_FORMAT)", valueName: "format"))
  var logFormat: String?

  /// The sources of the configuration: these flags, and an environment.
  func sources(_ environment: [String: String]) -> ConfigurationSources {
    ConfigurationSources {
      $0.config = config
      $0.issuer = issuer
      $0.audiences = audience
      $0.socket = socket
      $0.adminSocket = adminSocket
      $0.logLevel = logLevel
      $0.logFormat = logFormat
      $0.environment = environment
    }
  }
}

extension ConfigurationSources {
  /// The configuration; if it is faulty, the faults go to standard error and the command ends.
  func loadOrExit() throws(ExitCode) -> Configuration {
    do throws(ConfigurationFaults) {
      return try load()
    } catch {
      error.write(style: Output.error.style(environment))
      throw ExitStatus.configuration.exitCode
    }
  }
}

extension ConfigurationFaults {
  /// Writes every fault to standard error: a paragraph each on a terminal, a line each elsewhere.
  func write(style: Style) {
    let text = FaultLines(faults: self, style: style)
    let lines = Output.error.isTerminal ? text.paragraphs(width: Output.error.width) : text.lines()
    Output.error.write(line: lines.joined(separator: "\n"))
  }
}
