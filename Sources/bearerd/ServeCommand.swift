import ArgumentParser
import BearerConfiguration
import BearerDaemon
import BearerFetch
import BearerFiles
import BearerLogging
import BearerSystemd
import BearerTOML
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
    ProcessHardening.forbidCoreDumps()
    ProcessHardening.forbidBacktraces()
    let environment = Environment.current()
    let sources = options.sources(environment)
    let configuration = try load(sources)
    let load: @Sendable () throws(ConfigurationFaults) -> Configuration = { () throws(ConfigurationFaults) in
      try sources.load()
    }
    let log = Log(
      configuration.logFormat, level: configuration.logLevel, environment: environment, journal: Journal.send)
    defer { log.drain() }
    let files = FileRemarks(on: configuration, in: sources.file)
    do {
      try await withThrowingTaskGroup { group in
        group.addTask {
          // On a thread of its own: a disk that hangs must not hold up the start.
          for remark in await FileThread.run({ files.onOthers() }) ?? [] {
            log.logger.warning("others may do too much", metadata: ["bearerd.detail": "\(remark)"])
          }
        }
        defer { group.cancelAll() }
        try await Daemon(
          configuration: configuration, environment: environment, load: load, file: sources.file, log: log
        ).run()
      }
    } catch let fault as Daemon.Fault {
      if configuration.logFormat.resolved(environment) == .text {
        Output.error.write(line: "bearerd: \(fault.description)")
      } else {
        log.logger.critical("cannot listen", metadata: ["bearerd.detail": "\(fault.description)"])
      }
      throw Self.end(.cannotBind, "cannot listen: \(fault.description)", errno: fault.errno)
    } catch {
      let words = "the daemon ended unexpectedly: \(type(of: error))"
      log.logger.critical("ended unexpectedly", metadata: ["bearerd.error": "\(type(of: error))"])
      throw Self.end(.internalError, words)
    }
  }

  /// The configuration; if it is faulty, the faults go where the daemon would log, and the command ends.
  private func load(_ sources: ConfigurationSources) throws -> Configuration {
    do throws(ConfigurationFaults) {
      return try sources.load()
    } catch {
      let format = sources.logFormatForFaults
      if format.resolved(sources.environment) == .text {
        error.write(style: Output.error.style(sources.environment))
      } else {
        let log = Log(format, level: .info, environment: sources.environment, journal: Journal.send)
        defer { log.drain() }
        for fault in error.faults {
          var metadata: Logger.Metadata = ["bearerd.key": "\(fault.place)", "bearerd.detail": "\(fault.description)"]
          if let file = error.file { metadata["bearerd.file"] = "\(file)" }
          log.logger.critical("the configuration cannot be used", metadata: metadata)
        }
      }
      throw Self.end(.configuration, "the configuration cannot be used: \(error.description)")
    }
  }

  /// Tells the service manager, if there is one, why the start failed; returns what the command is to throw.
  private static func end(_ status: ExitStatus, _ words: String, errno: CInt? = nil) -> ExitCode {
    let line = words.map { $0.isNewline ? "; " : String($0) }.joined()
    let notifier = Notifier()
    if let errno {
      notifier.notify(.status(line), .errno(errno), .exitStatus(status.rawValue))
    } else {
      notifier.notify(.status(line), .exitStatus(status.rawValue))
    }
    return status.exitCode
  }
}
