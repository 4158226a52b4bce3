import ArgumentParser
import BearerDaemon
import Logging

/// `bearerd serve`.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the daemon.",
    usage: "bearerd serve [--config <file>] [<options>]\nbearerd serve --issuer <url> --audience <aud> ... [<options>]",
    discussion: """
      The configuration is a file, or --issuer with --audience and nothing else. A flag beats its environment variable, \
      which beats the file. SIGHUP reads it anew; SIGTERM answers what was received and ends.

      Examples:
        bearerd serve
        bearerd serve --issuer https://id.example --audience my-api
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let environment = Environment.current()
    let sources = options.sources(environment)
    let configuration = try sources.loadOrExit()
    let load: @Sendable () throws(ConfigurationFaults) -> Configuration = { () throws(ConfigurationFaults) in
      try sources.load()
    }
    var logger = Logger(label: "bearerd", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = configuration.logLevel
    do {
      try await Daemon(configuration: configuration, environment: environment, load: load, logger: logger).run()
    } catch let fault as Daemon.Fault {
      throw failure(.cannotBind, fault.description)
    } catch {
      throw failure(.internalError, "the daemon ended unexpectedly: \(type(of: error))")
    }
  }
}
