import BearerConfiguration
import BearerFetch
import BearerSystemd
import BearerTOML
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Reads the configuration anew at each SIGHUP, and puts it in force if it is sound.
///
/// A faulty one changes nothing: its faults are logged and shown by op `status` and in `STATUS=`, until a sound one
/// takes their place. What takes long, or may hang, is done on threads of its own, so that nobody who waits for keys is
/// held up, and SIGTERM ends it at any point.
struct Reloading: Service {
  let reading: ConfigurationReading
  let current: ActiveConfigurationStore
  let issuers: IssuerKeysService
  let backEnds: BackEndService
  let reports: Reports
  let notifier: Notifier
  let ready: ReadyNotice
  let logger: Logger
  /// SIGHUP, caught since before the daemon said that it is ready: until then the signal would end the process.
  let hangups: UnixSignalsSequence
  /// Has every event loop answer by what is in force now, and ends when they all do.
  let adopt: @Sendable () async -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for await _ in hangups {
          guard let replaced = await reload() else { continue }
          group.addTask {
            await adopt()
            await FileThread.run { replaced.free() }
          }
        }
      }
    }
  }

  /// What was in force, to be freed where nobody waits: a thousand policies and their keys take milliseconds.
  private final class Replaced: Sendable {
    private let active: Mutex<ActiveConfiguration?>

    init(_ active: ActiveConfiguration) { self.active = Mutex(active) }

    func free() { active.withLock { $0 = nil } }
  }

  /// Reloads once.
  ///
  /// - Returns: What was in force before; `nil` if it still is.
  private func reload() async -> Replaced? {
    let isTold = ready.isTold
    if isTold { notifier.notify(.reloading) }
    let replaced = await replaceConfiguration()
    guard isTold, !Task.isCancelled else { return replaced }
    notifier.notify(.ready)
    notifier.notify(.status(reports.statusLine(current.value)))
    return replaced
  }

  private func replaceConfiguration() async -> Replaced? {
    switch await reading.read() {
    case .success(let configuration):
      // Kept keys may come from the disk, and keys and policies are compiled.
      let active = await FileThread.run { [issuers, backEnds] in
        ActiveConfiguration(
          configuration, keys: issuers.owners(for: configuration), backEnds: backEnds.backEnds(for: configuration))
      }
      guard let active else { return nil }
      let keys = Configuration.restarts(from: current.value.configuration, to: configuration)
      let replaced = Replaced(current.value)
      current.replace(with: active)
      issuers.dismissAll(but: configuration)
      backEnds.dismissAll(but: configuration)
      reports.setReloadFault(nil)
      logger.notice("configuration reloaded")
      for key in keys {
        logger.warning("a changed key takes effect at the next restart only", metadata: ["bearerd.key": "\(key)"])
      }
      return replaced
    case .failure(let faults):
      reports.setReloadFault(faults.description)
      logger.error(
        "the new configuration is faulty and was refused; the old one stays in force",
        metadata: ["bearerd.detail": "\(faults.description)"])
      return nil
    case nil: return nil
    }
  }
}
