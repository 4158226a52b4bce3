package import BearerClaims
package import BearerConfiguration
package import BearerJOSE
import BearerJSON
package import BearerKeys
import BearerThreads
package import BearerTime
import Synchronization

/// All that answers are computed from: issuers with their keys, and policies.
///
/// It is never changed, only replaced.
package final class ActiveConfiguration: Sendable {
  /// The configuration that this was made from.
  package let configuration: Configuration
  /// The issuers; policies, verdicts and `keys` refer to them by index.
  package let issuers: IssuerTable
  /// The owner of each issuer's keys.
  package let keys: [IssuerKeys]
  /// The back-end of each issuer that has one.
  package let backEnds: [IssuerBackEnd?]

  /// When it was put in force.
  let since: MonotonicTime

  /// Who may ask what; `nil` if everybody may ask everything.
  let peers: PeerRules?

  /// By the bytes of their names, because names are compared as bytes.
  private let policies: [[UInt8]: EffectivePolicy]
  private let defaultPolicy: EffectivePolicy?

  /// Prepares a configuration.
  ///
  /// - Parameters:
  ///   - configuration: What was configured.
  ///   - keys: The owner of each issuer's keys, in the configuration's order.
  ///   - backEnds: The back-end of each issuer that has one, in the same order.
  ///   - since: When it is put in force.
  package init(
    _ configuration: Configuration, keys: [IssuerKeys], backEnds: [IssuerBackEnd?]? = nil, since: MonotonicTime = .now
  ) {
    self.since = since
    self.configuration = configuration
    self.keys = keys
    self.backEnds = backEnds ?? keys.map { _ in nil }
    issuers = IssuerTable(
      configuration.issuers.map {
        CurrentThread.giveWay()
        return Issuer(name: $0.name, url: $0.url, algorithms: $0.algorithms, profile: $0.profile)
      })
    peers = PeerRules(configuration.peers)
    let issuerIndices = EffectivePolicy.issuerIndices(of: configuration.issuers.map(\.name))
    policies = configuration.policies.reduce(into: [:]) { policies, policy in
      CurrentThread.giveWay()
      policies[Array(policy.name.utf8)] = EffectivePolicy(policy, issuerIndices: issuerIndices)
    }
    defaultPolicy = policies[Array(Configuration.defaultName.utf8)]
  }

  /// What `status` and `reload` tell of the configuration: the SHA-256 digest of its file, if there was one, and since
  /// when it is in force.
  func report(at now: MonotonicTime) -> JSONValue {
    var object: JSONObject = [:]
    if let digest = configuration.digest { object["sha256"] = .string(digest) }
    object["age_s"] = .number(JSONNumber(max(0, now.duration(since: since).components.seconds)))
    return .object(object)
  }

  /// All policies, in no order.
  var effectivePolicies: [EffectivePolicy] { Array(policies.values) }

  /// The policy of this name; without a name, the policy of requests that name none.
  package func policy(named name: String?) -> EffectivePolicy? {
    guard let name else { return defaultPolicy }
    return policies[Array(name.utf8)]
  }

  /// The indices of the issuers that have this short name or url.
  package func issuers(named name: String) -> [Int] {
    issuers.indices.filter { issuers[$0].name.hasSameBytes(as: name) || issuers[$0].url.hasSameBytes(as: name) }
  }
}

/// Where the configuration in force is kept; before each request an event loop checks whether it was replaced.
package final class ActiveConfigurationStore: Sendable {
  private let active: Mutex<ActiveConfiguration>
  private let number = Atomic<UInt64>(0)

  /// A store that begins with this configuration.
  package init(_ active: ActiveConfiguration) {
    self.active = Mutex(active)
  }

  /// The configuration in force.
  package var value: ActiveConfiguration { active.withLock(\.self) }

  /// Increases with each replacement, so that comparing it detects a reload.
  package var version: UInt64 { number.load(ordering: .acquiring) }

  /// Puts another configuration in force: the next request of every connection is answered by it.
  package func replace(with new: ActiveConfiguration) {
    active.withLock { former in
      if let peers = former.peers { new.peers?.keepRates(of: peers) }
      former = new
    }
    number.add(1, ordering: .releasing)
  }
}
