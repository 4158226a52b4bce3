import BearerClaims
package import BearerConfiguration
import BearerJOSE
import BearerJSON
package import BearerKeys
import BearerProtocol
import BearerServer
import BearerThreads
package import BearerTime
import Logging
import Synchronization

/// What the daemon tells about itself: the replies to `hello`, `status` and `ping`, and systemd's status line.
package final class StatusReporter: Sendable {
  /// How many event loops share the token cache.
  package let eventLoops: Int
  /// Counts the key sets that come into use.
  let publications: KeyPublications

  /// The limits at the start: those of lines and connections stay in force whatever a reload says.
  let limits: Limits
  private let hasAdminSocket: Bool
  private let startedAt: MonotonicTime
  private let reloadFault = Mutex<String?>(nil)
  private let allCounters = Mutex<[ReplyCounters]>([])
  private let socketIsInPlace = Mutex<@Sendable () -> Bool>({ true })

  /// The reporter of a daemon that starts now.
  package init(
    eventLoops: Int, limits: Limits = Limits(), publications: KeyPublications = KeyPublications(),
    hasAdminSocket: Bool = false, startedAt: MonotonicTime = .now
  ) {
    self.hasAdminSocket = hasAdminSocket
    self.eventLoops = eventLoops
    self.publications = publications
    self.limits = limits
    self.startedAt = startedAt
  }

  /// How much a peer is told.
  ///
  /// The words of faults contain internal addresses: if there is a socket for administrators, they are told there
  /// only.
  func detail(for peer: Peer) -> StatusDetail {
    hasAdminSocket && !peer.isAdministrator ? .codes : .everything
  }

  /// Keeps why the last reload was refused, or forgets it once one was accepted.
  package func setReloadFault(_ words: String?) {
    reloadFault.withLock { $0 = words }
  }

  /// Counters of replies for one event loop; op `status` tells the sum of all.
  func makeCounters(logger: Logger) -> ReplyCounters {
    let counters = ReplyCounters(logger: logger)
    allCounters.withLock { $0.append(counters) }
    return counters
  }

  /// Makes `status` and the status line tell whether the socket's path still leads to the daemon.
  func watchSocket(_ isInPlace: @escaping @Sendable () -> Bool) {
    socketIsInPlace.withLock { $0 = isInPlace }
  }

  /// What `status` tells of the daemon itself.
  func daemonMembers(_ active: ActiveConfiguration, at now: MonotonicTime, _ detail: StatusDetail) -> JSONObject {
    var object: JSONObject = [
      "version": .string(Version.current),
      "uptime_s": .number(JSONNumber(now.duration(since: startedAt).components.seconds)),
      "ready": .bool(active.keys.allSatisfy { now < $0.usableUntil }),
      "policies": .array(active.configuration.policies.map { .string($0.name) }),
      "socket_in_place": .bool(socketIsInPlace.withLock(\.self)()),
      "configuration": active.report(at: now),
    ]
    object["counts"] = .object(
      JSONObject(
        ReplyCounters.sum(allCounters.withLock(\.self)).map { entry in
          .init(name: entry.name, value: .number(JSONNumber(Int64(clamping: entry.count))))
        }))
    if let fault = reloadFault.withLock(\.self) {
      object["reload_fault"] = .string(
        detail == .everything ? fault : "The configuration is faulty; status on admin_socket tells how.")
    }
    return object
  }

  // MARK: systemd

  /// An issuer's keys in a few words: `2 keys, 4 min old`.
  private static func words(_ status: IssuerKeysStatus) -> String {
    let keys = "\(status.usableKeys) \(status.usableKeys == 1 ? "key" : "keys")"
    let age = status.age.map { ", \($0.inWords) old" } ?? ""
    var words =
      switch status.health {
      case .fresh: "\(keys)\(age)"
      case .stale: "\(keys)\(age), STALE and still used"
      case .expired: "EXPIRED keys\(age), tokens cannot be verified"
      case .empty: "NO keys yet, tokens cannot be verified"
      }
    if let fault = status.lastFault, status.consecutiveFailures > 0 {
      words += ", refresh fails (\(fault.code.rawValue), \(status.consecutiveFailures) times)"
    }
    return words
  }

  static func rank(_ status: IssuerKeysStatus) -> Int {
    switch status.health {
    case .empty, .expired: 0
    case .stale: 1
    case .fresh: status.consecutiveFailures > 0 ? 2 : StatusText.IssuerState.fine
    }
  }

  /// The daemon in one line, for `systemctl status`: the issuers with their keys, their age and what is wrong, those in
  /// trouble first.
  package func statusLine(_ active: ActiveConfiguration) -> String {
    var remarks: [String] = []
    if !socketIsInPlace.withLock(\.self)() { remarks.append("the socket's path does not lead here any more") }
    if let fault = reloadFault.withLock(\.self) {
      remarks.append("the last reload was refused, the old configuration is in force: \(fault)")
    }
    let issuers = zip(active.issuers, active.keys).map { issuer, keys in
      CurrentThread.giveWay()
      let status = keys.status(at: keys.now)
      return StatusText.IssuerState(rank: Self.rank(status), words: "\(issuer.name): \(Self.words(status))")
    }
    CurrentThread.giveWay()
    return StatusText.line(remarks: remarks, issuers: issuers)
  }
}

extension Duration {
  /// A span of time in its largest unit, as people say it.
  fileprivate var inWords: String {
    let seconds = components.seconds
    switch seconds {
    case ..<60: return "\(max(0, seconds)) s"
    case ..<3600: return "\(seconds / 60) min"
    case ..<86_400: return "\(seconds / 3600) h"
    default: return "\(seconds / 86_400) d"
    }
  }
}
