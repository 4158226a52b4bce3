import BearerConfiguration
import BearerFetch
import BearerJOSE
import BearerKeys
import BearerThreads
import BearerTime
import Dispatch
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Runs the owner of each issuer's keys, and carries them over from one configuration to the next.
final class IssuerKeysService: Service {
  private struct IssuerEntry {
    let live: LiveConfiguration
    let keys: IssuerKeys

    var configuration: IssuerConfiguration { live.configuration }

    /// The set that is held, for the same issuer with other algorithms, and its age.
    ///
    /// A reload in an outage must not lose keys that the new configuration still trusts; which of them are usable is
    /// decided anew, by the new algorithms.
    func keys(for issuer: IssuerConfiguration) -> (keys: FetchedKeys, age: Duration)? {
      let (configuration, trustChanges) = live.present
      guard
        configuration.source == issuer.source, configuration.hasSameTrust(as: issuer), let snapshot = keys.snapshot,
        snapshot.trustChanges == trustChanges,
        // The body was a key set before; what can fail now is that none of its keys is usable any more.
        let set = try? KeySet(
          parsing: snapshot.body, algorithms: issuer.algorithms,
          usesPublishedPrivateKeys: issuer.usesPublishedPrivateKeys)
      else { return nil }
      let fetched = FetchedKeys(keys: set, body: snapshot.body, lifetime: snapshot.headerLifetime)
      return (fetched, keys.now.duration(since: snapshot.validatedAt))
    }
  }

  /// The present configuration of one owner: its snapshots must be readable under the one that a reload brought.
  private final class LiveConfiguration: Sendable {
    private let value: Mutex<(configuration: IssuerConfiguration, trustChanges: Int)>

    init(_ configuration: IssuerConfiguration) {
      value = Mutex((configuration, 0))
    }

    var configuration: IssuerConfiguration { value.withLock(\.configuration) }

    /// The configuration, and how often its trusted source has changed (``KeySnapshot/trustChanges``).
    var present: (configuration: IssuerConfiguration, trustChanges: Int) { value.withLock(\.self) }

    /// Notes what a reload brought; to be called before the owner adopts it.
    func change(to configuration: IssuerConfiguration, trustChanged: Bool) {
      value.withLock { $0 = (configuration, $0.trustChanges + (trustChanged ? 1 : 0)) }
    }
  }

  /// How long in all a start or a reload waits for kept keys.
  private static let diskPatience = DispatchTimeInterval.seconds(2)

  private let network: FetchNetwork
  /// What watches every file of the daemon.
  let files: FilePoller
  private let clock: LoopClock
  private let fetchConcurrency = FetchConcurrency()
  private let room = WaitingRoom()
  private let publications: KeyPublications
  private let snapshots: SnapshotStore?
  private let disk: SnapshotDisk?
  private let logger: Logger
  private let onChange: @Sendable () -> Void
  /// By the bytes of the issuers' urls, each of which only one issuer has; a reload may give a name to another issuer.
  private let held = Mutex<[[UInt8]: IssuerEntry]>([:])
  /// Replaced owners, shut down once the new configuration is active.
  private let replaced = Mutex<[IssuerKeys]>([])
  private let arrivals: AsyncStream<IssuerEntry>
  private let arrive: AsyncStream<IssuerEntry>.Continuation

  /// A service without issuers.
  ///
  /// - Parameters:
  ///   - group: The event loops that fetches run on.
  ///   - environment: The process's environment, for its proxy settings.
  ///   - snapshots: Where key sets are kept between runs, if anywhere.
  ///   - publications: Counts the key sets that come into use.
  ///   - logger: Where changes are logged.
  ///   - onChange: Called after each change of an issuer's keys or health.
  init(
    group: any EventLoopGroup, environment: [String: String], snapshots: SnapshotStore?,
    publications: KeyPublications = KeyPublications(), logger: Logger, onChange: @escaping @Sendable () -> Void
  ) {
    self.publications = publications
    network = FetchNetwork(group: group, environment: environment)
    files = FilePoller(group: group)
    clock = LoopClock(loop: group.next())
    self.snapshots = snapshots
    disk = snapshots.map { store in
      SnapshotDisk { snapshot, issuer, logger in store.keep(snapshot, of: issuer, logger: logger) }
    }
    self.logger = logger
    self.onChange = onChange
    (arrivals, arrive) = AsyncStream.makeStream()
  }

  /// What back-ends share with the fetches of keys.
  var shared: BackEndService.Shared { .init(network: network, files: files, clock: clock, room: room) }

  /// The owners of a configuration's issuers, in its order.
  ///
  /// An issuer that is still the same keeps its keys, even under another name; any other begins without.
  func owners(for configuration: Configuration) -> [IssuerKeys] {
    room.setCapacity(configuration.limits.waitingBytes)
    let deadline = DispatchTime.now() + Self.diskPatience
    return configuration.issuers.map { issuer in
      CurrentThread.giveWay()
      return owner(of: issuer, diskDeadline: deadline)
    }
  }

  private func owner(
    of issuer: IssuerConfiguration, diskDeadline: DispatchTime
  ) -> IssuerKeys {
    let settings = issuer.refreshSettings
    let url = Array(issuer.url.utf8)
    let known = held.withLock { $0[url] }
    if let known, known.configuration.isSameIssuer(as: issuer) {
      let isSameWay = known.configuration.keySourceSettings == issuer.keySourceSettings
      if known.configuration != issuer {
        let trustChanged = !known.configuration.hasSameTrust(as: issuer)
        known.live.change(to: issuer, trustChanged: trustChanged)
        known.keys.update(
          settings: settings, source: isSameWay ? nil : source(of: issuer), trustChanged: trustChanged)
      }
      return known.keys
    }
    let live = LiveConfiguration(issuer)
    let keys = IssuerKeys(
      settings: settings, source: source(of: issuer), clock: clock, fetchConcurrency: fetchConcurrency, room: room,
      publications: publications
    ) { [logger, disk, onChange] change in
      let (issuer, trustChanges) = live.present
      let log = logger.forIssuer(issuer.name)
      log.tell(change)
      // Keys from a source that is no longer trusted must not be kept as if they came from the present one.
      if let snapshot = change.validated, snapshot.trustChanges == trustChanges {
        disk?.keep(snapshot, of: issuer, logger: log)
      }
      onChange()
    }
    let log = logger.forIssuer(issuer.name)
    if let (fetched, age) = known?.keys(for: issuer) {
      if keys.restore(with: fetched, age: age) {
        log.notice(
          "key set taken over from the configuration before", metadata: ["bearerd.keys": "\(fetched.keys.usableKeys)"])
      }
    } else if let (fetched, age) = keysOnDisk(of: issuer, until: diskDeadline, log) {
      if keys.restore(with: fetched, age: age) {
        log.notice("key set taken from the snapshot on disk", metadata: ["bearerd.keys": "\(fetched.keys.usableKeys)"])
      }
    }
    let new = IssuerEntry(live: live, keys: keys)
    held.withLock { $0[url] = new }
    arrive.yield(new)
    if let known { replaced.withLock { $0.append(known.keys) } }
    return keys
  }

  /// The set that was kept in an earlier run, and its age.
  private func keysOnDisk(
    of issuer: IssuerConfiguration, until deadline: DispatchTime, _ log: Logger
  ) -> (keys: FetchedKeys, age: Duration)? {
    guard let snapshots, let disk else { return nil }
    guard let kept = disk.read(until: deadline, { snapshots.load(issuer, logger: log) }) else {
      log.warning("the state directory does not answer; keys that are kept there are not used")
      return nil
    }
    return kept
  }

  /// Ends the owners of issuers that a configuration does not have any more; to be called once it is in force.
  func dismissAll(but configuration: Configuration) {
    var gone = held.withLock(\.self)
    for issuer in configuration.issuers {
      CurrentThread.giveWay()
      gone[Array(issuer.url.utf8)] = nil
    }
    held.withLock { held in
      for url in gone.keys { held[url] = nil }
    }
    let replaced = replaced.withLock { replaced in
      defer { replaced = [] }
      return replaced
    }
    for keys in gone.values.map(\.keys) + replaced { keys.shutDown() }
  }

  func run() async throws {
    await withDiscardingTaskGroup { group in
      for await issuer in arrivals.cancelOnGracefulShutdown() {
        group.addTask { await self.run(issuer) }
      }
      for issuer in held.withLock({ Array($0.values) }) { issuer.keys.shutDown() }
      group.cancelAll()
    }
    await settle()
  }

  /// Waits until every set that came is on the disk, or until the task is cancelled.
  func settle() async { await disk?.settle() }

  private func run(_ issuer: IssuerEntry) async {
    await withTaskGroup { group in
      if case .jwksFile(let path) = issuer.configuration.source {
        group.addTask {
          for await _ in self.files.changes(of: path) { issuer.keys.fileChanged() }
        }
      }
      await issuer.keys.run()
      group.cancelAll()
    }
  }

  private func source(of issuer: IssuerConfiguration) -> any KeySource {
    IssuerKeySource(settings: issuer.keySourceSettings, network: network)
  }
}
