import BearerJSON
import BearerProtocol
import BearerServer
import BearerTOML
import BearerTime
import Synchronization

/// `reload`: reads the configuration anew, for administrators.
extension RequestHandler {
  func reload(into reply: inout [UInt8]) -> LineOutcome {
    guard let reloader else { return refuse(.shuttingDown, into: &reply) }
    return .deferred(order, PendingReload(reloader, id: reader.id, counters: counters, current: current, clock: clock))
  }
}

/// A `reload` that is under way.
final class PendingReload: DeferredReply, Sendable {
  private let reloader: Reloader
  private let id: [UInt8]
  private let counters: ReplyCounters
  private let current: ActiveConfigurationStore
  private let clock: any MomentClock
  private let outcome = Mutex<Reloader.Outcome?>(nil)

  init(
    _ reloader: Reloader, id: [UInt8], counters: ReplyCounters, current: ActiveConfigurationStore,
    clock: any MomentClock
  ) {
    self.reloader = reloader
    self.id = id
    self.counters = counters
    self.current = current
    self.clock = clock
  }

  func start(_ wakeUp: @escaping @Sendable () -> Void) {
    reloader.ask { [self] outcome in
      self.outcome.withLock { $0 = outcome }
      wakeUp()
    }
  }

  func resume(into reply: inout [UInt8]) -> Bool {
    guard let outcome = outcome.withLock(\.self) else { return false }
    let start = reply.count
    reply.beginReply(id: id)
    let active = current.value
    switch outcome {
    case .inForce(let restart):
      reply.append(json: #""ok":true"#)
      reply.append(members: [
        "configuration": active.report(at: clock.moment.monotonic),
        "restart": .array(restart.map { .string($0) }),
      ])
    case .refused(let faults):
      let error = ErrorReply(.configurationRefused, "The new configuration is faulty; the old one stays in force.")
      counters.count(error.code)
      error.append(to: &reply)
      reply.append(members: [
        "configuration": active.report(at: clock.moment.monotonic),
        "faults": .array(faults.faults.map { .string($0.description) }),
      ])
    }
    reply.endReply()
    reply.escapeLineSeparators(from: start)
    return true
  }

  func shutDown(into reply: inout [UInt8]) {
    ErrorReply.shuttingDown.appendReply(id: id, to: &reply)
  }

  func cancel() {}
}
