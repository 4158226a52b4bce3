import BearerClaims
import BearerConfiguration
import BearerFetch
import BearerJOSE
import BearerSystemd
import BearerTOML
import BearerThreads
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Reads the configuration anew when it is told to, by SIGHUP, by an administrator, or by a change of its file, and puts it
/// in force if it is sound.
///
/// A faulty one changes nothing: its faults are logged and shown by op `status` and in `STATUS=`, until a sound one
/// takes their place. What takes long, or may hang, is done on threads of its own, so that nobody who waits for keys is
/// held up, and SIGTERM ends it at any point.
struct Reloading: Service {
  let reloader: Reloader
  let reading: ConfigurationReading
  let current: ActiveConfigurationStore
  let issuers: IssuerKeysService
  let backEnds: BackEndService
  let reporter: StatusReporter
  let notifier: Notifier
  let ready: ReadyNotice
  let logger: Logger
  /// SIGHUP, caught since before the daemon said that it is ready: until then the signal would end the process.
  let hangups: UnixSignalsSequence
  /// The configuration's file, if its changes are reloads, and what watches it.
  let watched: (path: String, files: FilePoller)?
  /// Makes every event loop answer by what is in force now, and returns when they all do.
  let adopt: @Sendable () async -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { for await _ in hangups { reloader.ask() } }
        group.addTask { await followFile() }
        for await _ in reloader.orders {
          let order = reloader.take()
          let (outcome, replaced) = await reload(order)
          group.addTask {
            if replaced != nil { await adopt() }
            if let outcome { for done in order.waiting { done(outcome) } }
            if let replaced { await FileThread.run { replaced.free() } }
          }
        }
      }
    }
  }

  /// How long after a change the file is read: a program that writes it in place should be done by then.
  private static let settling = Duration.milliseconds(100)

  private func followFile() async {
    guard let watched else { return }
    for await _ in watched.files.changes(of: watched.path) {
      // Sleep throws only when the task is cancelled; then nobody reads the order.
      try? await Task.sleep(for: Self.settling)
      reloader.ask(isExplicit: false)
    }
  }

  /// What was in force, to be freed where nobody waits, and little by little: a thousand policies take milliseconds.
  private final class Replaced: Sendable {
    private let active: Mutex<ActiveConfiguration?>

    init(_ active: ActiveConfiguration) { self.active = Mutex(active) }

    func free() {
      guard var (tables, effective, policies, issuers) = take() else { return }
      CurrentThread.free(&tables)
      CurrentThread.free(&effective)
      CurrentThread.free(&policies)
      CurrentThread.free(&issuers)
    }

    /// The large parts, to which nobody else refers then.
    private func take() -> ([IssuerTable], [EffectivePolicy], [Policy], [IssuerConfiguration])? {
      active.withLock { active in
        defer { active = nil }
        return active.map {
          ([$0.issuers], $0.effectivePolicies, $0.configuration.policies, $0.configuration.issuers)
        }
      }
    }
  }

  /// Reloads once.
  ///
  /// - Returns: The outcome, `nil` if the daemon stops; and the configuration that was replaced, if one was.
  private func reload(_ order: Reloader.Order) async -> (outcome: Reloader.Outcome?, Replaced?) {
    let isTold = ready.isTold && order.isExplicit
    if isTold { ready.whileReady { notifier.post(.reloading) } }
    let result = await replaceConfiguration(order)
    let status = reporter.statusLine(current.value)
    ready.whileReady {
      if isTold { notifier.post(.ready) }
      notifier.post(.status(status))
    }
    return result
  }

  private func replaceConfiguration(_ order: Reloader.Order) async -> (outcome: Reloader.Outcome?, Replaced?) {
    switch await reading.read() {
    case .success(let configuration):
      let former = current.value.configuration
      // Only the file's times changed, or what it said before is back.
      if !order.isExplicit, configuration.digest == former.digest {
        reporter.setReloadFault(nil)
        return (.inForce(restart: []), nil)
      }
      // On another thread, because kept keys may come from the disk, and keys and policies are compiled.
      let active = await FileThread.run { [issuers, backEnds] in
        ActiveConfiguration(
          configuration, keys: issuers.owners(for: configuration), backEnds: backEnds.backEnds(for: configuration))
      }
      guard let active else { return (nil, nil) }
      let keys = Configuration.restarts(from: former, to: configuration)
      let replaced = Replaced(current.value)
      current.replace(with: active)
      issuers.dismissAll(but: configuration)
      backEnds.dismissAll(but: configuration)
      reporter.setReloadFault(nil)
      logger.notice("configuration reloaded")
      for key in keys {
        logger.warning("a changed key takes effect at the next restart only", metadata: ["bearerd.key": "\(key)"])
      }
      return (.inForce(restart: keys), replaced)
    case .failure(let faults):
      reporter.setReloadFault(faults.description)
      logger.error(
        "the new configuration is faulty and was refused; the old one stays in force",
        metadata: ["bearerd.detail": "\(faults.description)"])
      return (.refused(faults), nil)
    case nil: return (nil, nil)
    }
  }
}
