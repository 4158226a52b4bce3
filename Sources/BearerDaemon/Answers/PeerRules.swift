import BearerConfiguration
import BearerJSON
import BearerProtocol
import BearerServer
import BearerTime
import Synchronization

/// Who may ask what: the `[peer.NAME]` tables, prepared for requests.
///
/// A table for the caller's user counts before one for its group. A caller whom no table is for may use only `ping` and
/// `hello`, which tell whether the daemon is there.
final class PeerRules: Sendable {
  private final class Rule: Sendable {
    let peer: PeerConfiguration
    let rate: Mutex<RequestRate>?

    init(_ peer: PeerConfiguration) {
      self.peer = peer
      rate = peer.rate.map { Mutex(RequestRate(perSecond: $0)) }
    }
  }

  private let users: [UInt32: Rule]
  private let groups: [UInt32: Rule]

  /// The rules of a configuration; `nil` if it has no tables, so that all who can open the socket may do everything.
  init?(_ peers: [PeerConfiguration]) {
    if peers.isEmpty { return nil }
    var users: [UInt32: Rule] = [:]
    var groups: [UInt32: Rule] = [:]
    for peer in peers {
      switch peer.identity {
      case .user(let uid): users[uid] = Rule(peer)
      case .group(let gid): groups[gid] = Rule(peer)
      case nil: continue
      }
    }
    self.users = users
    self.groups = groups
  }

  /// Carries over the use of rates that did not change, because a reload must not give a new allowance.
  func keepRates(of former: PeerRules) {
    for (path, formerPath) in [(users, former.users), (groups, former.groups)] {
      for (id, rule) in path {
        guard let other = formerPath[id], other.peer.rate == rule.peer.rate else { continue }
        guard let taken = other.rate?.withLock({ $0 }) else { continue }
        rule.rate?.withLock { $0 = taken }
      }
    }
  }

  /// The refusal of a line that is not a request; `nil` if its sender may know what is wrong with it.
  ///
  /// It counts towards its peer's rate like a request.
  func refusalOfFault(from peer: Peer, now: MonotonicTime) -> ErrorReply? {
    guard let rule = users[peer.uid] ?? groups[peer.gid] else { return Self.stranger(peer) }
    return Self.rateRefusal(rule, now)
  }

  /// Why a request is refused; `nil` if it is not.
  ///
  /// Either way it counts towards its peer's rate. What everybody may ask is answered beyond the rate, too: a refusal
  /// would take as long, and a refused `ping` would get the daemon restarted because of its callers.
  func refusal(of request: Request, from peer: Peer, now: MonotonicTime) -> ErrorReply? {
    let (_, members, callers) = request.operation.row
    guard let rule = users[peer.uid] ?? groups[peer.gid] else {
      return callers == .everybody ? nil : Self.stranger(peer)
    }
    let refusal = Self.rateRefusal(rule, now)
    if callers == .everybody { return nil }
    if let operations = rule.peer.operations, !operations.contains(request.operation) {
      return Self.notPermitted("peer.\(rule.peer.name) does not permit this op.", member: "op")
    }
    if let policies = rule.peer.policies, members.contains(.policy),
      !policies.contains(where: { $0.hasSameBytes(as: request.policy ?? Configuration.defaultName) })
    {
      return Self.notPermitted("peer.\(rule.peer.name) does not permit this policy.", member: "policy")
    }
    return refusal
  }

  private static func stranger(_ peer: Peer) -> ErrorReply {
    ErrorReply(.notPermitted, "No [peer] table of the configuration is for user \(peer.uid) or group \(peer.gid).")
  }

  private static func rateRefusal(_ rule: Rule, _ now: MonotonicTime) -> ErrorReply? {
    guard let wait = rule.rate?.withLock({ $0.take(now: now) }) else { return nil }
    return .unavailable(
      .tooManyConnections,
      "There are too many requests: more than peer.\(rule.peer.name).rate allows in a second. The token was not looked at.",
      retryAfter: wait)
  }

  private static func notPermitted(_ message: String, member: String) -> ErrorReply {
    var error = ErrorReply(.notPermitted, message)
    error.member = member
    return error
  }
}
