import BearerSystemd
import BearerTOML
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the configuration anew at each SIGHUP, and puts it in force if it is sound.
///
/// A faulty one changes nothing: its faults are logged and shown by op `status` and in `STATUS=`, until a sound one
/// takes their place.
struct Reloading: Service {
  let load: ConfigurationSources.Load
  let current: CurrentWorld
  let issuers: IssuerKeysService
  let reports: Reports
  let notifier: Notifier
  let ready: ReadyNotice
  let logger: Logger
  /// SIGHUP, caught since before the daemon said that it is ready: until then the signal would end the process.
  let hangups: UnixSignalsSequence

  func run() async throws {
    for await _ in hangups.cancelOnGracefulShutdown() { reload() }
  }

  private func reload() {
    let isTold = ready.isTold
    if isTold { notifier.notify(.reloading) }
    do throws(ConfigurationFaults) {
      let configuration = try load()
      let old = current.value.configuration
      current.replace(with: World(configuration, keys: issuers.owners(for: configuration)))
      issuers.dismissAll(but: configuration)
      reports.setReloadFault(nil)
      logger.notice("configuration reloaded")
      for key in old.keysThatNeedRestart(differingFrom: configuration) {
        logger.warning("a changed key takes effect at the next restart only", metadata: ["bearerd.key": "\(key)"])
      }
    } catch {
      reports.setReloadFault(error.description)
      logger.error(
        "the new configuration is faulty and was refused; the old one stays in force",
        metadata: ["bearerd.detail": "\(error.description)"])
    }
    guard isTold else { return }
    notifier.notify(.ready)
    notifier.notify(.status(reports.statusLine(current.value)))
  }
}

extension Configuration {
  /// The keys that a running daemon does not change, and whose values differ.
  fileprivate func keysThatNeedRestart(differingFrom other: Configuration) -> [String] {
    var keys: [String] = []
    if socketPath != other.socketPath { keys.append("socket") }
    if socketMode != other.socketMode { keys.append("socket_mode") }
    if socketGroup != other.socketGroup { keys.append("socket_group") }
    if stateDirectory != other.stateDirectory { keys.append("state_directory") }
    if snapshotMaxAge != other.snapshotMaxAge { keys.append("snapshot_max_age") }
    if logLevel != other.logLevel { keys.append("log_level") }
    if logFormat != other.logFormat { keys.append("log_format") }
    if limits.serverLimits != other.limits.serverLimits { keys.append("limits") }
    return keys
  }
}
