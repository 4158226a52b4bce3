import BearerFetch
import BearerKeys
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Runs the owner of each issuer's keys, and carries them over from one configuration to the next.
final class IssuerKeysService: Service {
  private struct Held {
    let configured: Configured
    var limits: Limits
    let keys: IssuerKeys
  }

  /// The configuration of one owner as it is now: its snapshots must be readable under the one that a reload brought.
  private final class Configured: Sendable {
    private let value: Mutex<IssuerConfiguration>

    init(_ configuration: IssuerConfiguration) {
      value = Mutex(configuration)
    }

    var configuration: IssuerConfiguration {
      get { value.withLock(\.self) }
      set { value.withLock { $0 = newValue } }
    }
  }

  private let group: any EventLoopGroup
  private let environment: [String: String]
  private let snapshots: SnapshotStore?
  private let logger: Logger
  private let onChange: @Sendable () -> Void
  private let held = Mutex<[String: Held]>([:])
  /// Owners whose name is now another issuer's; ended once nobody is answered by them any more.
  private let replaced = Mutex<[IssuerKeys]>([])
  private let arrivals: AsyncStream<Held>
  private let arrive: AsyncStream<Held>.Continuation

  /// A service without issuers.
  ///
  /// - Parameters:
  ///   - group: The event loops that fetches run on.
  ///   - environment: The process's environment, for its proxy settings.
  ///   - snapshots: Where key sets are kept between runs, if anywhere.
  ///   - logger: Where changes are told.
  ///   - onChange: Called after each change of an issuer's keys or health.
  init(
    group: any EventLoopGroup, environment: [String: String], snapshots: SnapshotStore?, logger: Logger,
    onChange: @escaping @Sendable () -> Void
  ) {
    self.group = group
    self.environment = environment
    self.snapshots = snapshots
    self.logger = logger
    self.onChange = onChange
    (arrivals, arrive) = AsyncStream.makeStream()
  }

  /// The owners of a configuration's issuers, in its order.
  ///
  /// An issuer that is the same as before keeps its keys; one that is not begins anew.
  func owners(for configuration: Configuration) -> [IssuerKeys] {
    configuration.issuers.map { issuer in
      owner(of: issuer, limits: configuration.limits)
    }
  }

  private func owner(of issuer: IssuerConfiguration, limits: Limits) -> IssuerKeys {
    let settings = issuer.refreshSettings(limits)
    let known = held.withLock { $0[issuer.name] }
    if let known, known.configured.configuration.isSameIssuer(as: issuer) {
      let old = known.configured.configuration
      let isSameWay = old.keySourceSettings == issuer.keySourceSettings
      if old != issuer || known.limits != limits {
        known.configured.configuration = issuer
        known.keys.update(settings: settings, source: isSameWay ? nil : source(of: issuer))
        let changed = Held(configured: known.configured, limits: limits, keys: known.keys)
        held.withLock { $0[issuer.name] = changed }
      }
      return known.keys
    }
    let configured = Configured(issuer)
    let log = logger.forIssuer(issuer.name)
    let keys = IssuerKeys(name: issuer.name, settings: settings, source: source(of: issuer)) {
      [snapshots, onChange] change in
      log.tell(change)
      snapshots?.keep(change, of: configured.configuration, logger: log)
      onChange()
    }
    if let (fetched, age) = snapshots?.load(issuer, logger: log) { keys.seed(with: fetched, age: age) }
    let new = Held(configured: configured, limits: limits, keys: keys)
    held.withLock { $0[issuer.name] = new }
    arrive.yield(new)
    if let known { replaced.withLock { $0.append(known.keys) } }
    return keys
  }

  /// Ends the owners of issuers that a configuration does not have any more; to be called once it is in force.
  func dismissAll(but configuration: Configuration) {
    let names = Set(configuration.issuers.map(\.name))
    let dismissed = held.withLock { held in
      let gone = held.filter { !names.contains($0.key) }
      for name in gone.keys { held[name] = nil }
      return Array(gone.values)
    }
    let replaced = replaced.withLock { replaced in
      defer { replaced = [] }
      return replaced
    }
    for keys in dismissed.map(\.keys) + replaced { keys.shutDown() }
  }

  func run() async throws {
    await withDiscardingTaskGroup { group in
      for await issuer in arrivals.cancelOnGracefulShutdown() {
        group.addTask { await self.run(issuer) }
      }
      for issuer in held.withLock({ Array($0.values) }) { issuer.keys.shutDown() }
      group.cancelAll()
    }
  }

  private func run(_ issuer: Held) async {
    await withTaskGroup { group in
      if case .jwksFile(let path) = issuer.configured.configuration.source {
        group.addTask { await self.watch(path, issuer) }
      }
      await issuer.keys.run()
      group.cancelAll()
    }
  }

  private func watch(_ path: String, _ issuer: Held) async {
    do throws(FetchFault) {
      for await _ in try FileWatcher.changes(of: path, on: group) { issuer.keys.fileChanged() }
    } catch {
      logger.forIssuer(issuer.configured.configuration.name).warning(
        "jwks_file is not watched; refresh-jwks reads it again",
        metadata: ["bearerd.code": "\(error.code.rawValue)", "bearerd.detail": "\(error.message)"])
    }
  }

  private func source(of issuer: IssuerConfiguration) -> any KeySource {
    IssuerKeySource(settings: issuer.keySourceSettings, group: group, environment: environment)
  }
}
