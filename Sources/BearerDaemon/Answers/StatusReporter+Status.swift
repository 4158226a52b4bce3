import BearerConfiguration
import BearerFraming
import BearerIntrospection
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerTime

/// How much `status` tells.
enum StatusDetail: Hashable, Sendable {
  /// Everything, for callers who may know internal addresses.
  case everything
  /// Faults by their codes only; `admin_socket` tells the rest.
  case codes

  /// A fault's members.
  func members(code: String, _ message: String) -> JSONObject {
    var object: JSONObject = ["code": .string(code)]
    if self == .everything { object["message"] = .string(message) }
    return object
  }
}

// A reply must not outgrow what a connection may hold, whatever providers publish and however many issuers there are:
// issuers in trouble come first, keys last, and what found no room is counted.

extension StatusReporter {
  /// What the reply to `status` has besides `ok`; takes time by the number of issuers and keys.
  ///
  /// - Parameters:
  ///   - active: The configuration in force.
  ///   - now: The present moment.
  ///   - issuer: The only issuer that is wanted; `nil` for all.
  ///   - detail: How much is told.
  /// - Returns: The members.
  func status(
    _ active: ActiveConfiguration, at now: MonotonicTime, of issuer: Int? = nil, _ detail: StatusDetail = .everything
  ) -> JSONObject {
    var object = daemonMembers(active, at: now, detail)
    let issuers = (issuer.map { [$0] } ?? Array(active.issuers.indices)).map { index in
      IssuerReport(
        active.issuers[index], active.keys[index].status(at: now), active.backEnds[index]?.backEnd, detail)
    }
    var room = limits.outputBytes - Self.frame - Self.bytes(of: .object(object))
    var isShown = issuers.map { _ in false }
    for index in issuers.indices.sorted(by: { (issuers[$0].rank, $0) < (issuers[$1].rank, $1) }) {
      let bytes = Self.bytes(of: .object(issuers[index].members)) + Self.frame
      guard bytes <= room else { continue }
      room -= bytes
      isShown[index] = true
    }
    object["issuers"] = .array(
      issuers.indices.filter { isShown[$0] }.map { .object(issuers[$0].withKeys(in: &room)) })
    let leftOut = isShown.count { !$0 }
    if leftOut > 0 { object["issuers_left_out"] = .number(JSONNumber(Int64(leftOut))) }
    return object
  }

  /// What is kept free for the names and counts around what is measured, in bytes.
  static let frame = 128

  /// How many bytes a value has in a reply.
  static func bytes(of value: JSONValue) -> Int {
    var text = value.serialized()
    text.escapeLineSeparators(from: 0)
    return text.count
  }
}

/// What `status` tells of one issuer.
private struct IssuerReport {
  /// Its members, but for its keys.
  let members: JSONObject
  /// How bad its state is, as in the status line.
  let rank: Int
  private let status: IssuerKeysStatus

  init(_ issuer: Issuer, _ status: IssuerKeysStatus, _ backEnd: BackEnd?, _ detail: StatusDetail) {
    self.status = status
    rank = StatusReporter.rank(status)
    var members = Self.members(issuer, status, detail)
    if let backEnd { members["introspection"] = Self.members(of: backEnd, detail) }
    self.members = members
  }

  /// All its members, with as many keys as there is room for, which are taken from the room.
  func withKeys(in room: inout Int) -> JSONObject {
    var keys: [JSONValue] = []
    for entry in status.keys {
      let key = Self.key(entry)
      let bytes = StatusReporter.bytes(of: key) + 1
      guard bytes <= room else { break }
      room -= bytes
      keys.append(key)
    }
    var members = members
    let leftOut = status.keysLeftOut + status.keys.count - keys.count
    members["keys"] = .array(keys)
    if leftOut > 0 { members["keys_left_out"] = .number(JSONNumber(Int64(leftOut))) }
    return members
  }

  private static func members(of backEnd: BackEnd, _ detail: StatusDetail) -> JSONValue {
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
      object["fault"] = .object(detail.members(code: fault.code.rawValue, fault.message))
    } else if status.callsAllInactive {
      object["fault"] = [
        "code": "calls_all_inactive",
        "message":
          "Every token whose signature is good was called inactive: this client may not be in their aud, its secret may be wrong, or the provider's database away.",
      ]
    }
    return .object(object)
  }

  private static func members(_ issuer: Issuer, _ status: IssuerKeysStatus, _ detail: StatusDetail) -> JSONObject {
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
      var members = detail.members(code: fault.code.rawValue, fault.message)
      if let age = status.sinceLastFault { members["age_s"] = .number(JSONNumber(age.components.seconds)) }
      members["consecutive"] = .number(JSONNumber(Int64(status.consecutiveFailures)))
      object["last_fault"] = .object(members)
    }
    object["waiting"] = .number(JSONNumber(Int64(status.waiting)))
    object["fetches"] = .number(JSONNumber(Int64(clamping: status.fetches)))
    object["failures"] = .number(JSONNumber(Int64(clamping: status.failures)))
    return object
  }

  private static func key(_ entry: KeySet.Entry) -> JSONValue {
    var object: JSONObject = [:]
    if let kid = entry.kid { object["kid"] = .string(ProviderText.shortened(kid)) }
    if let alg = entry.alg { object["alg"] = .string(ProviderText.shortened(alg)) }
    if let kty = entry.kty { object["kty"] = .string(ProviderText.shortened(kty)) }
    if let crv = entry.crv { object["crv"] = .string(ProviderText.shortened(crv)) }
    object["usable"] = .bool(entry.isUsable)
    if let problem = entry.problem { object["problem"] = .string(problem.rawValue) }
    if let flaw = entry.flaw { object["detail"] = .string(flaw.words) }
    return .object(object)
  }
}
