import BearerConfiguration
import BearerFraming
import BearerJOSE
import BearerProtocol
import BearerServer

/// `refresh-jwks`: fetches keys now.
extension RequestHandler {
  func refreshJWKS(_ request: Request, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    let issuers = request.issuer.map { active.issuers(named: $0) } ?? Array(active.issuers.indices)
    if issuers.isEmpty {
      return refuse(.noSuchIssuer, into: &reply)
    }
    guard refreshConcurrency.take(by: peer.uid) else {
      return refuse(
        .unavailable(.refreshLimited, "Too many refreshes are under way.", retryAfter: .seconds(1)), into: &reply)
    }
    let refresh = PendingRefresh(
      current, issuers: issuers.map { active.issuers[$0] }, id: reader.id, counters: counters,
      concurrency: refreshConcurrency,
      user: peer.uid, detail: reporter.detail(for: peer), outputBytes: reporter.limits.outputBytes)
    return .deferred(order, refresh)
  }
}
