internal import CLibsystemd
package import Logging
internal import ServiceLifecycle

// A ping must prove that the daemon works, so each follows a probe, which sends a good and a bad token through
// everything that a request goes through. Three probes fit into systemd's interval: one may fail or be late without
// harm, and a daemon that is stuck is restarted within the interval. A probe that does not end within its third is
// cancelled, so that it does not delay the next one.

/// Pings a watcher, such as the service manager's watchdog (sd_watchdog_enabled(3)), as long as a probe shows that the
/// daemon works.
package final class Watchdog<TimeSource: Clock>: Service where TimeSource.Duration == Duration {
  private let interval: Duration
  private let ping: @Sendable () -> Void
  private let logger: Logger
  private let clock: TimeSource
  private let probe: @Sendable () async -> Bool
  private let beginning: AsyncStream<Void>
  private let beginningContinuation: AsyncStream<Void>.Continuation

  /// A watchdog that waits for ``begin()``.
  ///
  /// - Parameters:
  ///   - interval: How long the watcher waits for a ping; ``WatchdogRequest`` has the service manager's.
  ///   - logger: Where a failed probe is logged.
  ///   - clock: Measures the time between pings.
  ///   - probe: Whether the daemon works; must end when its task is cancelled.
  ///   - ping: Pings the watcher.
  package init(
    interval: Duration, logger: Logger, clock: TimeSource, probe: @escaping @Sendable () async -> Bool,
    ping: @escaping @Sendable () -> Void
  ) {
    self.interval = interval
    self.ping = ping
    self.logger = logger
    self.clock = clock
    self.probe = probe
    (beginning, beginningContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Begins the pings, with one at once, because the service manager counts from `READY=1`.
  package func begin() {
    beginningContinuation.yield()
  }

  /// Pings until graceful shutdown or cancellation.
  package func run() async {
    // It throws only when the sleep is cancelled, which ends the pings.
    try? await cancelWhenGracefulShutdown {
      for await _ in self.beginning { break }
      while !Task.isCancelled {
        let start = self.clock.now
        await self.pingIfAlive()
        try await self.clock.sleep(until: start.advanced(by: self.interval / 3), tolerance: nil)
      }
    }
  }

  private func pingIfAlive() async {
    let start = clock.now
    let isAlive = await probeInTime(from: start)
    let isInTime = isAlive != nil && start.duration(to: clock.now) <= interval / 3
    guard !Task.isCancelled else { return }
    guard isAlive == true, isInTime else {
      logger.error(
        "watchdog probe failed, no ping is sent",
        metadata: ["bearerd.alive": "\(isAlive ?? false)", "bearerd.in_time": "\(isInTime)"])
      return
    }
    ping()
  }

  /// The probe's answer; nil if there was none in time.
  private func probeInTime(from start: TimeSource.Instant) async -> Bool? {
    await withTaskGroup(of: Bool?.self) { group in
      group.addTask { await self.probe() }
      group.addTask {
        // Sleep throws only when the task is cancelled, because the probe has answered.
        try? await self.clock.sleep(until: start.advanced(by: self.interval / 3), tolerance: nil)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }
}

/// What the service manager asks of a watchdog.
package enum WatchdogRequest {
  /// The interval within which it expects a ping (`WatchdogSec=`); nil if it expects none.
  package static func interval() -> Duration? {
    var microseconds: UInt64 = 0
    // Safe because libsystemd only fills the number.
    guard unsafe sd_watchdog_enabled(0, &microseconds) > 0, let count = Int64(exactly: microseconds), count > 0 else {
      return nil
    }
    return .microseconds(count)
  }
}
