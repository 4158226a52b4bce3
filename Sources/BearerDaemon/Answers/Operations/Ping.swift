import BearerJSON
import BearerProtocol
import BearerServer
import BearerTime

/// `ping`: tells that the daemon answers, and whether it has keys.
extension RequestHandler {
  func ping(into reply: inout [UInt8]) -> LineOutcome {
    answer(with: ["ready": .bool(ready.isReady(active, reporter.publications, at: now.monotonic))], into: &reply)
  }
}
