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
  }

  private let current: ActiveConfigurationStore
  /// The issuers that are refreshed, as they were configured when it began.
  private let issuers: [Issuer]
  private let id: [UInt8]
  private let ledger: AnswerLedger
  private let places: RefreshPlaces
  private let detail: StatusDetail
  /// Who asked.
  private let user: UInt32
  private let state = Mutex(State())
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// A refresh that has taken one of the places, and gives it back when it is over.
  init(
    _ current: ActiveConfigurationStore, issuers: [Issuer], id: [UInt8], ledger: AnswerLedger, places: RefreshPlaces,
    user: UInt32, detail: StatusDetail
  ) {
    self.detail = detail
    self.ledger = ledger
    self.places = places
    self.user = user
    self.current = current
    self.issuers = issuers
    self.id = id
  }

  func start(_ wakeUp: @escaping @Sendable () -> Void) {
    task.withLock { task in
      // Bridges the connection's callback to the keys' async interface; nobody awaits it, for the connection may go.
      task = Task {
        let line = await reply()
        state.withLock { $0.reply = line }
        wakeUp()
        places.release(by: user)
      }
    }
  }

  func resume(into reply: inout [UInt8]) -> Bool {
    guard let line = state.withLock({ $0.reply }) else { return false }
    let start = reply.count
    reply += line
    reply.escapeLineSeparators(from: start)
    return true
  }

  /// The fetch may take longer than the daemon has left.
  func shutDown(into reply: inout [UInt8]) {
    cancel()
    ErrorReply.shuttingDown.appendReply(id: id, to: &reply)
  }

  /// The fetch serves others too, so it goes on; nobody reads the reply, so nobody waits for it.
  func cancel() {
    task.withLock { $0 }?.cancel()
  }

  private func reply() async -> [UInt8] {
    var reports: [(place: Int, report: RefreshReport?)] = []
    await withTaskGroup(of: (Int, RefreshReport?).self) { group in
      for (place, issuer) in issuers.enumerated() {
        group.addTask { (place, await self.refresh(issuer)) }
      }
      for await report in group { reports.append(report) }
    }
    reports.sort { $0.place < $1.place }
    var line: [UInt8] = []
    line.beginReply(id: id)
    if let error = reports.lazy.compactMap({ self.error($0.report) }).first {
      ledger.count(error.code)
      error.append(to: &line)
    } else {
      line.append(json: #""ok":true"#)
    }
    line.append(json: #","issuers":"#)
    JSONValue.array(zip(issuers, reports).map { outcome($0, $1.report) }).append(to: &line)
    line.endReply()
    return line
  }

  /// Refreshes the keys of an issuer; `nil` if a reload took it out of the configuration meanwhile.
  private func refresh(_ issuer: Issuer) async -> RefreshReport? {
    while true {
      let active = current.value
      guard let place = active.issuers.firstIndex(where: { $0.url == issuer.url }) else { return nil }
      let report = await active.keys[place].refresh()
      // A reload may have put another owner of the keys in place of the one that was asked.
      guard case .shuttingDown = report, active !== current.value, !Task.isCancelled else { return report }
    }
  }

  private func outcome(_ issuer: Issuer, _ report: RefreshReport?) -> JSONValue {
    var object: JSONObject = ["issuer": .string(issuer.name), "url": .string(issuer.url)]
    if case .refreshed(let change)? = report {
      object["keys"] = .number(JSONNumber(Int64(change.keys)))
      object["added"] = .array(change.added.map { .string($0) })
      object["removed"] = .array(change.removed.map { .string($0) })
      object["changed"] = .bool(change.changed)
    }
    if let error = error(report) {
      var members: JSONObject = ["code": .string(error.code.rawValue), "message": .string(error.message)]
      if case .failed(let fault)? = report { members["fault"] = .string(fault.code.rawValue) }
      if let retry = error.retryAfterMilliseconds { members["retry_after_ms"] = .number(JSONNumber(retry)) }
      object["error"] = .object(members)
    }
    return .object(object)
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
