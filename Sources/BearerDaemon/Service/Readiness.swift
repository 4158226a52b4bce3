import BearerConfiguration
import BearerJOSE
import BearerKeys
import BearerSystemd
import Logging
import ServiceLifecycle

/// Tells systemd when the daemon is ready, how it is, and when it stops.
///
/// It is the last of the services: it stops first, so `STOPPING=1` is sent before anything is closed.
struct Readiness: Service {
  let current: ActiveConfigurationStore
  let reporter: StatusReporter
  /// Where the server listens, once it does.
  let socketPaths: @Sendable () -> [String]
  let notifier: Notifier
  let ready: ReadyNotice
  /// Has an element once the server listens.
  let listening: AsyncStream<Void>
  /// Has an element after each change of the keys, of an issuer's health, or of the configuration.
  let changes: AsyncStream<Void>
  let logger: Logger
  /// Called right after `READY=1`.
  let onReady: @Sendable () -> Void

  func run() async throws {
    var isListening = false
    for await _ in listening.cancelOnGracefulShutdown() {
      isListening = true
      break
    }
    // A daemon that could not listen, or was stopped before, was never ready.
    guard isListening, !isOver else { return }
    logger.notice("listening", metadata: ["bearerd.socket": .array(socketPaths().map { "\($0)" })])
    let active = current.value
    // Waiting for keys is expected, so systemd's start timeout (TimeoutStartSec) is extended.
    notifier.post(
      .extendTimeout(active.configuration.readyWait + Self.startMargin),
      .status(StatusText.line("starting: waiting for the keys of ", names: active.issuers.map(\.name))))
    let haveKeys = await allIssuersHaveKeys(within: active.configuration.readyWait)
    guard !isOver else {
      notifier.post(.stopping)
      return
    }
    ready.tell()
    // A message of its own: if the status line cannot be sent, the daemon is ready all the same.
    notifier.post(.ready)
    notifier.post(.status(reporter.statusLine(current.value)))
    if haveKeys {
      logger.notice("ready")
    } else {
      logger.warning("ready, but not all issuers have keys; the daemon keeps trying")
    }
    onReady()
    await keepStatus()
    ready.end()
    notifier.post(.stopping)
    logger.notice("stopping")
  }

  /// How much longer than `ready_wait` a start may take.
  private static let startMargin = Duration.seconds(30)
  /// The least time between two status lines.
  private static let statusPause = Duration.seconds(1)
  /// How often the status line is made anew when nothing happens, so that ages are right to the minute.
  private static let statusPeriod = Duration.seconds(60)

  /// Until shutdown, sends each change, at most one a second, and each minute what time has changed.
  private func keepStatus() async {
    let status = StatusLine(notifier: notifier) { reporter.statusLine(current.value) }
    await cancelWhenGracefulShutdown {
      await withTaskGroup { group in
        group.addTask {
          for await _ in changes {
            status.tell()
            // Sleep throws only when the task is cancelled, and then there are no more changes.
            try? await Task.sleep(for: Self.statusPause)
          }
        }
        group.addTask {
          // Sleep throws only when the task is cancelled.
          while (try? await Task.sleep(for: Self.statusPeriod)) != nil { status.tell() }
        }
      }
    }
  }

  private var isOver: Bool { Task.isShuttingDownGracefully || Task.isCancelled }

  /// Waits until all issuers have keys, those of the configuration that is in force by then.
  private func allIssuersHaveKeys(within readyWait: Duration) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        while true {
          let active = current.value
          let haveKeys = await Self.allIssuersHaveKeys(active)
          // A reload may have ended the wait, by dropping an issuer, or may have brought one.
          if active === current.value || Task.isCancelled { return haveKeys }
        }
      }
      group.addTask {
        // It throws only when the wait is cancelled, which ends it as the time does.
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: readyWait) }
        return false
      }
      let haveKeys = await group.next() ?? false
      group.cancelAll()
      return haveKeys
    }
  }

  private static func allIssuersHaveKeys(_ active: ActiveConfiguration) async -> Bool {
    for keys in active.keys where await !keys.waitUntilHasKeys() { return false }
    return true
  }
}
