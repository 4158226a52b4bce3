package import BearerServer
package import BearerTime
package import Logging

/// Makes the handler of each event loop.
package struct RequestHandlers: LineHandlerFactory {
  private let current: ActiveConfigurationStore
  private let reporter: StatusReporter
  private let logger: Logger
  private let refreshConcurrency = RefreshConcurrency()
  private let statusQueue: StatusQueue
  private let reloader: Reloader?
  private let clock: any MomentClock

  /// Handlers that answer from the configuration in force.
  ///
  /// - Parameters:
  ///   - current: The configuration in force.
  ///   - reporter: Reports the answers' counts, among others.
  ///   - reloader: Reads the configuration anew when an administrator asks for it.
  ///   - logger: Where refusals are logged at `debug`; by default nowhere.
  ///   - clock: Read once for each request.
  package init(
    _ current: ActiveConfigurationStore, _ reporter: StatusReporter, reloader: Reloader? = nil,
    logger: Logger = Logger(label: "bearerd") { _ in SwiftLogNoOpLogHandler() },
    clock: any MomentClock = SystemClock()
  ) {
    self.clock = clock
    self.current = current
    self.reporter = reporter
    self.reloader = reloader
    statusQueue = StatusQueue(reporter)
    self.logger = logger
  }

  /// A handler for one event loop.
  package func makeHandler() -> any LineHandler {
    RequestHandler(
      current, reporter, counters: reporter.makeCounters(logger: logger), refreshConcurrency: refreshConcurrency,
      statusQueue: statusQueue, reloader: reloader, clock: clock)
  }
}
