package import BearerConfiguration
import BearerFetch
import BearerFraming
import BearerKeys
package import BearerLogging
package import BearerServer
import BearerSystemd
import Dispatch
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// The whole daemon, wired: keys, server, readiness, watchdog and reload, started and stopped in their order.
package struct Daemon: Sendable {
  private let configuration: Configuration
  private let environment: [String: String]
  private let load: ConfigurationSources.Load
  private let file: String?
  private let log: Log
  private var logger: Logger { log.logger }

  /// Why the daemon cannot listen.
  package enum Fault: Error, CustomStringConvertible {
    /// The daemon's own socket cannot be made.
    case listener(ListenerFault)
    /// Sockets passed in by systemd cannot be used; what is wrong and what to do.
    case inherited(String)

    /// The error number behind the fault, if there is one.
    package var errno: CInt? {
      switch self {
      case .listener(let fault): fault.errno
      case .inherited: nil
      }
    }

    /// What is wrong, and what to do.
    package var description: String {
      switch self {
      case .listener(let fault): fault.description
      case .inherited(let words): words
      }
    }
  }

  /// A daemon that does nothing before ``run()``.
  ///
  /// - Parameters:
  ///   - configuration: What to run with.
  ///   - environment: The process's environment.
  ///   - load: Reads the configuration anew, for a reload.
  ///   - file: The file that `load` reads, if it reads one.
  ///   - log: Where the daemon logs.
  package init(
    configuration: Configuration, environment: [String: String],
    load: @escaping ConfigurationSources.Load, file: String?, log: Log
  ) {
    self.configuration = configuration
    self.environment = environment
    self.load = load
    self.file = file
    self.log = log
  }

  /// Serves until SIGTERM or SIGINT, answers what was received by then, and returns.
  ///
  /// - Throws: ``Fault`` when it cannot listen.
  package func run() async throws {
    let notifier = Notifier()
    let limits = limitsWithinDescriptors()
    var serverConfiguration = Server.Settings(addresses: [try listenAddress()] + adminAddress)
    serverConfiguration.limits = limits.server
    let forcedEnd = ForcedEnd(after: .seconds(8), log: log)
    // The watch goes on until everything below has ended.
    defer { withExtendedLifetime(forcedEnd) {} }

    let fetching = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let (listening, nowListening) = AsyncStream.makeStream(of: Void.self)
    let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let publications = KeyPublications()
    let issuers = IssuerKeysService(
      group: fetching, environment: environment,
      snapshots: configuration.stateDirectory.map {
        SnapshotStore(directory: $0, maximumAge: configuration.snapshotMaxAge)
      }, publications: publications, logger: logger
    ) { changed.yield() }
    let backEnds = BackEndService(issuers.shared, environment: environment, logger: logger)
    let current = ActiveConfigurationStore(
      ActiveConfiguration(
        configuration, keys: issuers.owners(for: configuration), backEnds: backEnds.backEnds(for: configuration)))
    let reporter = StatusReporter(
      eventLoops: serverConfiguration.eventLoops, limits: limits, publications: publications,
      hasAdminSocket: configuration.adminSocketPath != nil)
    let reloader = Reloader()
    let server = Server(
      configuration: serverConfiguration,
      handlers: RequestHandlers(current, reporter, reloader: reloader, logger: logger), logger: logger
    ) {
      nowListening.yield()
    }
    // Weak, because the server holds the handlers that hold the reporter.
    let socketWatch = SocketWatch(logger: logger, onChange: { changed.yield() }) { [weak server] in
      server?.socketsAreInPlace ?? true
    }
    reporter.watchSocket { socketWatch.check() }
    let probe = HealthProbe(server, on: fetching, isLogAlive: { [log] in log.isAlive })
    let watchdogInterval = WatchdogRequest.interval()
    let selfTest = watchdogInterval == nil ? SelfTest(log: log) : nil
    defer { selfTest?.stop() }
    let watchdog = Watchdog(
      interval: watchdogInterval ?? SelfTest.interval, logger: logger, clock: ContinuousClock()
    ) {
      socketWatch.check()
      return await probe.passes()
    } ping: {
      if let selfTest { selfTest.isAlive() } else { notifier.post(.watchdog) }
    }
    // By then the start is over; a minute later whatever fetches and reloads have used since goes again.
    fetching.next().scheduleRepeatedTask(initialDelay: .seconds(5), delay: .minutes(1)) { _ in ProgramText.release() }
    let ready = ReadyNotice()
    let readiness = Readiness(
      current: current, reporter: reporter, socketPaths: { server.socketPaths }, notifier: notifier, ready: ready,
      listening: listening, changes: changes, logger: logger
    ) {
      guard let selfTest else { return watchdog.begin() }
      selfTest.isAlive()
      // A probe is itself a client, perhaps one too many; only a service manager needs the first one at once.
      fetching.next().scheduleTask(in: .seconds(10), watchdog.begin)
    }
    let reloading = Reloading(
      reloader: reloader, reading: ConfigurationReading(load: load), current: current, issuers: issuers,
      backEnds: backEnds,
      reporter: reporter,
      notifier: notifier, ready: ready, logger: logger, hangups: await UnixSignalsSequence(trapping: .sighup),
      watched: configuration.watchesFile ? file.map { ($0, issuers.files) } : nil
    ) {
      // A server that does not run has nobody to answer.
      _ = try? await server.onEachEventLoop { ($0 as? RequestHandler)?.adoptReload() }
    }

    // Stopped from the last to the first: STOPPING=1, then the server drains, and keys keep coming until it has.
    let services: [any Service] = [forcedEnd, issuers, backEnds, server, reloading, watchdog, readiness]
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) },
      gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
    group.maximumGracefulShutdownDuration = .milliseconds(4800)
    do {
      try await ServiceGroup(configuration: group).run()
    } catch let fault as ListenerFault {
      // The process ends either way, for the same reason, even if loops do not stop.
      try? await fetching.shutdownGracefully()
      throw Fault.listener(fault)
    }
    // The process ends, even if loops do not stop.
    try? await fetching.shutdownGracefully()
    logger.notice("stopped")
  }

  /// The configured limits, with no more connections than there can be descriptors: clients that used up all of them
  /// would keep the daemon from its keys and its watchdog.
  private func limitsWithinDescriptors() -> Limits {
    var limits = configuration.limits
    let descriptors = DescriptorLimit.raise(for: limits.connections)
    limits.connections = DescriptorLimit.connections(wanted: limits.connections, limit: descriptors)
    if limits.connections < configuration.limits.connections {
      logger.warning(
        "limits.connections is more than the process may have descriptors for; fewer are accepted",
        metadata: [
          "bearerd.wanted": "\(configuration.limits.connections)", "bearerd.connections": "\(limits.connections)",
          "bearerd.descriptors": "\(descriptors)",
        ])
    }
    return limits
  }

  private var adminAddress: [ListenAddress] {
    configuration.adminSocketPath.map { [.path(SocketFile(path: $0, mode: 0o600, isForAdministrators: true))] } ?? []
  }

  private func listenAddress() throws(Fault) -> ListenAddress {
    do throws(ListenDescriptorsFault) {
      let inherited = try ListenDescriptors.take()
      if !inherited.isEmpty { return .inherited(inherited.map(\.number)) }
    } catch {
      throw .inherited(error.description)
    }
    return .path(
      SocketFile(path: configuration.socketPath, mode: configuration.socketMode, group: configuration.socketGroup))
  }

  /// ServiceGroup logs every step at info, with a dump of each service; its level is raised.
  private func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .notice)
    return logger
  }
}
