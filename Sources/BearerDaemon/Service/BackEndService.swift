import BearerClaims
import BearerConfiguration
import BearerFetch
import BearerIntrospection
import BearerKeys
import BearerThreads
import BearerTime
import Logging
import ServiceLifecycle
import Synchronization

/// Runs the owner of each issuer's back-end, and carries them over from one configuration to the next.
///
/// A back-end that is asked in the same way keeps what it knows; any other begins anew, and answers to the old one count
/// for nothing.
final class BackEndService: Service {
  /// What back-ends share with the fetches of keys.
  struct Shared {
    let network: FetchNetwork
    let files: FilePoller
    let clock: any AlarmClock
    let room: WaitingRoom
  }

  private struct Entry {
    let settings: BackEndSourceSettings
    let backEnd: BackEnd
  }

  private let shared: Shared
  private let environment: [String: String]
  private let logger: Logger
  /// By the bytes of the issuers' urls, each of which only one issuer has.
  private let held = Mutex<[[UInt8]: Entry]>([:])
  /// Replaced owners, shut down once the new configuration is active.
  private let replaced = Mutex<[BackEnd]>([])
  private let arrivals: AsyncStream<Entry>
  private let arrive: AsyncStream<Entry>.Continuation

  /// A service without back-ends.
  init(_ shared: Shared, environment: [String: String], logger: Logger) {
    self.shared = shared
    self.environment = environment
    self.logger = logger
    (arrivals, arrive) = AsyncStream.makeStream()
  }

  /// The back-ends of a configuration's issuers, in its order.
  func backEnds(for configuration: Configuration) -> [IssuerBackEnd?] {
    let count = configuration.issuers.count { $0.introspection != nil }
    return configuration.issuers.map { issuer in
      CurrentThread.giveWay()
      guard let introspection = issuer.introspection else { return nil }
      var settings = introspection.settings
      settings.wait = issuer.refreshSettings.keyWait
      settings.cacheBytes = configuration.limits.tokenCacheSize / max(1, count)
      return IssuerBackEnd(
        owner(of: issuer, introspection, settings), assumedAudiences: introspection.assumedAudiences,
        profile: issuer.profile)
    }
  }

  private func owner(
    of issuer: IssuerConfiguration, _ introspection: IntrospectionConfiguration, _ settings: BackEndSettings
  ) -> BackEnd {
    let source = issuer.backEndSourceSettings(introspection, environment: environment)
    let url = Array(issuer.url.utf8)
    if let known = held.withLock({ $0[url] }) {
      if known.settings == source {
        known.backEnd.update(settings)
        return known.backEnd
      }
      replaced.withLock { $0.append(known.backEnd) }
    }
    let log = logger.forIssuer(issuer.name)
    let backEnd = BackEnd(
      kind: introspection.kind, settings: settings,
      source: BackEndSource(settings: source, network: shared.network), clock: shared.clock, room: shared.room
    ) { log.tell($0) }
    let new = Entry(settings: source, backEnd: backEnd)
    held.withLock { $0[url] = new }
    arrive.yield(new)
    return backEnd
  }

  /// Ends the back-ends that a configuration does not have any more; to be called once it is in force.
  func dismissAll(but configuration: Configuration) {
    var gone = held.withLock(\.self)
    for issuer in configuration.issuers where issuer.introspection != nil {
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
    for backEnd in gone.values.map(\.backEnd) + replaced { backEnd.shutDown() }
  }

  func run() async throws {
    await withDiscardingTaskGroup { group in
      for await entry in arrivals.cancelOnGracefulShutdown() {
        group.addTask { await self.run(entry) }
      }
      for entry in held.withLock({ Array($0.values) }) { entry.backEnd.shutDown() }
      group.cancelAll()
    }
  }

  private func run(_ entry: Entry) async {
    await withTaskGroup { group in
      for path in entry.settings.files {
        group.addTask {
          for await _ in self.shared.files.changes(of: path) {
            // Before the first call the file has not been read, so that its change means nothing.
            let backEnd = entry.backEnd
            if backEnd.status(at: backEnd.now).calls > 0 { backEnd.credentialsChanged() }
          }
        }
      }
      await entry.backEnd.run()
      group.cancelAll()
    }
  }
}

extension IssuerConfiguration {
  /// How the issuer's back-end is asked.
  func backEndSourceSettings(
    _ introspection: IntrospectionConfiguration, environment: [String: String]
  ) -> BackEndSourceSettings {
    var settings = BackEndSourceSettings(kind: introspection.kind, connection: keySourceSettings)
    settings.endpoint = introspection.endpoint
    settings.concurrency = introspection.settings.concurrency
    guard introspection.kind.takesCredentials else { return settings }
    settings.authentication = introspection.authentication
    settings.clientID = introspection.clientID ?? ""
    settings.basicEncoding = introspection.basicEncoding
    settings.secretFile = introspection.secretFile.map { name in
      // systemd.exec(5), LoadCredential=.
      name.hasPrefix("/") ? name : (environment["CREDENTIALS_DIRECTORY"] ?? "$CREDENTIALS_DIRECTORY") + "/" + name
    }
    return settings
  }
}

extension Logger {
  /// Logs a change of an issuer's back-end.
  func tell(_ change: BackEndChange) {
    switch change {
    case .failed(let fault, let failures):
      let metadata: Metadata = [
        "bearerd.code": "\(fault.code.rawValue)", "bearerd.detail": "\(fault.message)",
        "bearerd.failures": "\(failures)",
      ]
      // The first, second, fourth, eighth … failure in a row is logged; all are counted, and op `status` shows the
      // count.
      guard failures.nonzeroBitCount == 1 else { return debug("the back-end failed again", metadata: metadata) }
      if fault.isOfCredentials {
        error("the back-end cannot be asked with the configured credentials", metadata: metadata)
      } else {
        warning("the back-end did not answer as it must", metadata: metadata)
      }
    case .recovered: notice("the back-end answers again")
    case .firstInactive:
      // The operator may be the cause of the refusal. Anyone can send inactive tokens, so it is logged once only.
      notice(
        "the back-end called a token inactive, the first since its credentials are in use; others are told at log level debug",
        metadata: ["bearerd.detail": "\(TokenQuestion.inactiveHint)"])
    case .callsAllInactive:
      warning(
        "the back-end calls every token inactive whose signature is good; this client may not be in their aud, its secret may be wrong, or the provider's database away"
      )
    case .credentialsChanged: notice("the back-end's credentials are read again")
    }
  }
}
