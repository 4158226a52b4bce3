import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerServer
import Synchronization

/// A `refresh-jwks` that is under way.
final class PendingRefresh: DeferredReply, Sendable {
  private struct State {
    /// The reply line, once it is known.
    var reply: [UInt8]?
    /// How many of these two are not over: the refresh itself, and the wait for its reply.
    var holders = 2
  }

  private let current: ActiveConfigurationStore
  /// The issuers that are refreshed, as they were configured when it began.
  private let issuers: [Issuer]
  private let id: [UInt8]
  private let counters: ReplyCounters
  private let concurrency: RefreshConcurrency
  private let detail: StatusDetail
  /// The most bytes that the reply may have.
  private let outputBytes: Int
  /// Who asked.
  private let user: UInt32
  private let state = Mutex(State())
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// A refresh that has taken one of the permits, and gives it back when it is over.
  init(
    _ current: ActiveConfigurationStore, issuers: [Issuer], id: [UInt8], counters: ReplyCounters,
    concurrency: RefreshConcurrency,
    user: UInt32, detail: StatusDetail, outputBytes: Int
  ) {
    self.detail = detail
    self.outputBytes = outputBytes
    self.counters = counters
    self.concurrency = concurrency
    self.user = user
    self.current = current
    self.issuers = issuers
    self.id = id
  }

  func start(_ wakeUp: @escaping @Sendable () -> Void) {
    task.withLock { task in
      // Bridges the connection's callback to the keys' async interface; nobody awaits it, because the connection may
      // close.
      task = Task {
        let line = await reply()
        state.withLock { $0.reply = line }
        wakeUp()
        releasePlace()
      }
    }
  }

  func resume(into reply: inout [UInt8]) -> Bool {
    guard let line = state.withLock({ $0.reply }) else { return false }
    let start = reply.count
    reply += line
    reply.escapeLineSeparators(from: start)
    releasePlace()
    return true
  }

  /// Gives the permit back once both are over, so that replies that clients do not take are no more than the permits.
  private func releasePlace() {
    let isLast = state.withLock { state in
      state.holders -= 1
      return state.holders == 0
    }
    if isLast { concurrency.release(by: user) }
  }

  /// The fetch may take longer than the daemon has left.
  func shutDown(into reply: inout [UInt8]) {
    cancel()
    ErrorReply.shuttingDown.appendReply(id: id, to: &reply)
  }

  /// The fetch serves others too, so it goes on; nobody reads the reply, so nobody waits for it.
  func cancel() {
    releasePlace()
    task.withLock { $0 }?.cancel()
  }

  private func reply() async -> [UInt8] {
    var reports: [(index: Int, report: RefreshReport?)] = []
    await withTaskGroup(of: (Int, RefreshReport?).self) { group in
      for (index, issuer) in issuers.enumerated() {
        group.addTask { (index, await self.refresh(issuer)) }
      }
      for await report in group { reports.append(report) }
    }
    reports.sort { $0.index < $1.index }
    var line: [UInt8] = []
    line.beginReply(id: id)
    if let error = reports.lazy.compactMap({ self.error($0.report) }).first {
      counters.count(error.code)
      error.append(to: &line)
    } else {
      line.append(json: #""ok":true"#)
    }
    appendOutcomes(reports.map(\.report), to: &line)
    line.endReply()
    return line
  }

  /// Appends the outcome of each issuer, as far as there is room: failures first, names of keys last.
  ///
  /// A provider chooses the names and their number, and all who wait for one refresh get them.
  private func appendOutcomes(_ reports: [RefreshReport?], to line: inout [UInt8]) {
    var room = outputBytes - line.count - StatusReporter.frame
    let outcomes = zip(issuers, reports).map { outcome($0, $1) }
    var isShown = outcomes.map { _ in false }
    let failed = outcomes.indices.filter { outcomes[$0]["error"] != nil }
    for index in failed + outcomes.indices.filter({ outcomes[$0]["error"] == nil }) {
      let bytes = StatusReporter.bytes(of: .object(outcomes[index])) + StatusReporter.frame
      guard bytes <= room else { continue }
      room -= bytes
      isShown[index] = true
    }
    var shown: [JSONValue] = []
    for (index, var outcome) in outcomes.enumerated() where isShown[index] {
      if case .refreshed(let change)? = reports[index] {
        add(change.added, as: "added", to: &outcome, room: &room)
        add(change.removed, as: "removed", to: &outcome, room: &room)
        outcome["changed"] = .bool(change.changed)
      }
      shown.append(.object(outcome))
    }
    let leftOut = outcomes.count - shown.count
    var members: JSONObject = ["issuers": .array(shown)]
    if leftOut > 0 { members["issuers_left_out"] = .number(JSONNumber(Int64(leftOut))) }
    line.append(members: members)
  }

  /// Adds as many names of keys as there is room for, and takes them from the room.
  private func add(_ kids: [String], as name: String, to outcome: inout JSONObject, room: inout Int) {
    var shown: [JSONValue] = []
    for kid in kids {
      let value = JSONValue.string(ProviderText.shortened(kid))
      let bytes = StatusReporter.bytes(of: value) + 1
      guard bytes <= room else { break }
      room -= bytes
      shown.append(value)
    }
    outcome[name] = .array(shown)
    let leftOut = kids.count - shown.count
    if leftOut > 0 { outcome["\(name)_left_out"] = .number(JSONNumber(Int64(leftOut))) }
  }

  /// Refreshes the keys of an issuer; `nil` if a reload took it out of the configuration meanwhile.
  private func refresh(_ issuer: Issuer) async -> RefreshReport? {
    while true {
      let active = current.value
      guard let index = active.issuers.firstIndex(where: { $0.url.hasSameBytes(as: issuer.url) }) else { return nil }
      let report = await active.keys[index].refresh()
      // A reload may have put another owner of the keys in place of the one that was asked.
      guard case .shuttingDown = report, active !== current.value, !Task.isCancelled else { return report }
    }
  }

  /// The outcome for one issuer, without the names of its keys.
  private func outcome(_ issuer: Issuer, _ report: RefreshReport?) -> JSONObject {
    var object: JSONObject = ["issuer": .string(issuer.name), "url": .string(issuer.url)]
    if case .refreshed(let change)? = report {
      object["keys"] = .number(JSONNumber(Int64(change.keys)))
    }
    if let error = error(report) {
      var members: JSONObject = ["code": .string(error.code.rawValue), "message": .string(error.message)]
      if case .failed(let fault)? = report { members["fault"] = .string(fault.code.rawValue) }
      if let retry = error.retryAfterMilliseconds { members["retry_after_ms"] = .number(JSONNumber(retry)) }
      object["error"] = .object(members)
    }
    return object
  }

  private func error(_ report: RefreshReport?) -> ErrorReply? {
    switch report {
    case nil: ErrorReply(.unknownIssuerName, "A reload took this issuer out of the configuration.")
    case .refreshed: nil
    case .failed(let fault):
      ErrorReply(
        .refreshFailed,
        "The keys are as they were. \(detail == .everything ? fault.message : "status on admin_socket tells why.")")
    case .limited(let retryAfter):
      .unavailable(
        .refreshLimited, "The keys were fetched on request only just now; the provider must be spared.",
        retryAfter: retryAfter)
    case .shuttingDown: .shuttingDown
    }
  }
}
