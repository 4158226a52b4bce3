import BearerClaims
package import BearerConfiguration
import BearerFraming
import BearerIntrospection
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
package import BearerTime
import Logging
import Synchronization

/// What the daemon tells about itself: the replies to `hello`, `status` and `ping`, and systemd's status line.
package final class Reports: Sendable {
  /// How many event loops share the token cache.
  package let eventLoops: Int

  /// The limits at the start: those of lines and connections stay in force whatever a reload says.
  private let limits: Limits
  private let startedAt: MonotonicTime
  private let reloadFault = Mutex<String?>(nil)
  private let ledgers = Mutex<[AnswerLedger]>([])
  private let socketIsInPlace = Mutex<@Sendable () -> Bool>({ true })

  /// Reports of a daemon that starts now.
  package init(eventLoops: Int, limits: Limits = Limits(), startedAt: MonotonicTime = .now) {
    self.eventLoops = eventLoops
    self.limits = limits
    self.startedAt = startedAt
  }

  /// Keeps why the last reload was refused, or forgets it once one was accepted.
  package func setReloadFault(_ words: String?) {
    reloadFault.withLock { $0 = words }
  }

  /// A ledger of answers for one event loop; op `status` tells the sum of all.
  func makeLedger(logger: Logger) -> AnswerLedger {
    let ledger = AnswerLedger(logger: logger)
    ledgers.withLock { $0.append(ledger) }
    return ledger
  }

  /// Has `status` and the status line tell whether the socket's path still leads to the daemon.
  func watchSocket(_ isInPlace: @escaping @Sendable () -> Bool) {
    socketIsInPlace.withLock { $0 = isInPlace }
  }

  /// Whether every issuer has keys that verdicts may rest on.
  func isReady(_ active: ActiveConfiguration, at now: MonotonicTime) -> Bool {
    active.keys.allSatisfy { $0.health(at: now).isUsable }
  }

  // MARK: hello

  func hello(_ active: ActiveConfiguration) -> JSONObject {
    let reloaded = active.configuration.limits
    return [
      "protocol": .number(JSONNumber(Int64(ProtocolLimits.version))),
      "version": .string(Version.current),
      "ops": .object(
        JSONObject(
          Request.operations.map { operation in
            .init(name: operation.name, value: .array(operation.members.map { .string($0) }))
          })),
      "limits": [
        "line_bytes": .number(JSONNumber(Int64(limits.lineBytes))),
        "token_bytes": .number(JSONNumber(Int64(reloaded.tokenBytes))),
        "connections": .number(JSONNumber(Int64(limits.connections))),
        "connections_per_uid": .number(JSONNumber(Int64(limits.connectionsPerUID))),
        "in_flight": .number(JSONNumber(Int64(limits.inFlight))),
        "output_bytes": .number(JSONNumber(Int64(limits.outputBytes))),
        "waiting_bytes": .number(JSONNumber(Int64(reloaded.waitingBytes))),
        "partial_line_timeout_ms": .number(JSONNumber(limits.partialLineTimeout.milliseconds)),
        "write_timeout_ms": .number(JSONNumber(limits.writeTimeout.milliseconds)),
      ],
      "features": ["explain"],
    ]
  }

  // MARK: status

  func status(_ active: ActiveConfiguration, at now: MonotonicTime) -> JSONObject {
    var object: JSONObject = [
      "version": .string(Version.current),
      "uptime_s": .number(JSONNumber(now.duration(since: startedAt).components.seconds)),
      "ready": .bool(isReady(active, at: now)),
      "policies": .array(active.configuration.policies.map { .string($0.name) }),
    ]
    object["socket_in_place"] = .bool(socketIsInPlace.withLock(\.self)())
    object["counts"] = .object(
      JSONObject(
        AnswerLedger.sum(ledgers.withLock(\.self)).map { entry in
          .init(name: entry.name, value: .number(JSONNumber(Int64(clamping: entry.count))))
        }))
    if let fault = reloadFault.withLock(\.self) { object["reload_fault"] = .string(fault) }
    object["issuers"] = .array(
      active.issuers.indices.map { index in
        let keys = active.keys[index]
        return Self.status(active.issuers[index], keys.status(at: now), active.backEnds[index]?.backEnd)
      })
    return object
  }

  private static func status(_ backEnd: BackEnd) -> JSONValue {
    let status = backEnd.status(at: backEnd.now)
    var object: JSONObject = ["kind": .string(backEnd.kind.rawValue)]
    func add(_ name: String, _ count: UInt64) { object[name] = .number(JSONNumber(Int64(clamping: count))) }
    add("calls", status.calls)
    add("active", status.active)
    add("inactive", status.inactive)
    add("failures", status.failures)
    add("over_budget", status.overBudget)
    add("running", UInt64(max(0, status.running)))
    add("queued", UInt64(max(0, status.queued)))
    add("waiting", UInt64(max(0, status.waiting)))
    add("known", UInt64(max(0, status.known)))
    if let pause = status.pause { object["pause_ms"] = .number(JSONNumber(pause.milliseconds)) }
    if let fault = status.fault {
      object["fault"] = ["code": .string(fault.code.rawValue), "message": .string(fault.message)]
    } else if status.callsAllInactive {
      object["fault"] = [
        "code": "calls_all_inactive",
        "message":
          "Every token whose signature is good was called inactive: this client may not be in their aud, its secret may be wrong, or the provider's database away.",
      ]
    }
    return .object(object)
  }

  private static func status(_ issuer: Issuer, _ status: IssuerKeysStatus, _ backEnd: BackEnd?) -> JSONValue {
    var object: JSONObject = [
      "issuer": .string(issuer.name), "url": .string(issuer.url), "state": .string(status.health.word),
      "activity": .string(status.activity.rawValue),
      "usable_keys": .number(JSONNumber(Int64(status.usableKeys))),
    ]
    func add(_ name: String, _ duration: Duration?) {
      if let duration { object[name] = .number(JSONNumber(duration.components.seconds)) }
    }
    add("age_s", status.age)
    add("lifetime_left_s", status.lifetimeLeft)
    add("usable_left_s", status.usableLeft)
    add("last_attempt_age_s", status.sinceLastAttempt)
    add("last_success_age_s", status.sinceLastSuccess)
    add("next_attempt_in_s", status.nextAttemptIn)
    if status.cooldownLeft > .zero { add("cooldown_left_s", status.cooldownLeft) }
    if let fault = status.lastFault {
      var members: JSONObject = ["code": .string(fault.code.rawValue), "message": .string(fault.message)]
      if let age = status.sinceLastFault { members["age_s"] = .number(JSONNumber(age.components.seconds)) }
      members["consecutive"] = .number(JSONNumber(Int64(status.consecutiveFailures)))
      object["last_fault"] = .object(members)
    }
    object["waiting"] = .number(JSONNumber(Int64(status.waiting)))
    object["fetches"] = .number(JSONNumber(Int64(clamping: status.fetches)))
    object["failures"] = .number(JSONNumber(Int64(clamping: status.failures)))
    if let backEnd { object["introspection"] = Self.status(backEnd) }
    object["keys"] = .array(status.keys.map(Self.key))
    if status.keysLeftOut > 0 { object["keys_left_out"] = .number(JSONNumber(Int64(status.keysLeftOut))) }
    return .object(object)
  }

  private static func key(_ entry: KeySet.Entry) -> JSONValue {
    var object: JSONObject = [:]
    if let kid = entry.kid { object["kid"] = .string(shortened(kid)) }
    if let alg = entry.alg { object["alg"] = .string(shortened(alg)) }
    if let kty = entry.kty { object["kty"] = .string(shortened(kty)) }
    if let crv = entry.crv { object["crv"] = .string(shortened(crv)) }
    object["usable"] = .bool(entry.isUsable)
    if let problem = entry.problem { object["problem"] = .string(problem.rawValue) }
    if let flaw = entry.flaw { object["detail"] = .string(flaw.words) }
    return .object(object)
  }

  /// A provider's text, cut so that a reply about a thousand keys stays readable.
  private static func shortened(_ text: String) -> String {
    text.utf8.count <= 128 ? text : String(text.unicodeScalars.prefix(40)) + "…"
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

  private static func rank(_ status: IssuerKeysStatus) -> Int {
    switch status.health {
    case .empty, .expired: 0
    case .stale: 1
    case .fresh: status.consecutiveFailures > 0 ? 2 : StatusText.Issuer.fine
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
      let status = keys.status(at: keys.now)
      return StatusText.Issuer(rank: Self.rank(status), words: "\(issuer.name): \(Self.words(status))")
    }
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
