import BearerKeys
import BearerSystemd
import Logging
import ServiceLifecycle

/// Tells systemd when the daemon is ready, how it is, and when it stops.
///
/// It is the last of the services: it stops first, so `STOPPING=1` is sent before anything is closed.
struct Readiness: Service {
  let current: CurrentWorld
  let reports: Reports
  let notifier: Notifier
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
    let world = current.value
    let isHot = await keysAreHot(world)
    guard !isOver else {
      notifier.notify(.stopping)
      return
    }
    notifier.notify(.ready, .status(reports.statusLine(world)))
    if isHot {
      logger.notice("ready")
    } else {
      logger.warning("ready, but not all issuers have keys; the daemon keeps trying")
    }
    onReady()
    for await _ in changes.cancelOnGracefulShutdown() {
      notifier.notify(.status(reports.statusLine(current.value)))
    }
    notifier.notify(.stopping)
    logger.notice("stopping")
  }

  private var isOver: Bool { Task.isShuttingDownGracefully || Task.isCancelled }

  /// Waits until all issuers have keys, at most for `ready_wait`.
  private func keysAreHot(_ world: World) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for keys in world.keys where await !keys.waitUntilHasKeys() { return false }
        return true
      }
      group.addTask {
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: world.configuration.readyWait) }
        return false
      }
      let isHot = await group.next() ?? false
      group.cancelAll()
      return isHot
    }
  }
}
