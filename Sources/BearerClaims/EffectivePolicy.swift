import BearerJSON
import Synchronization

/// What must hold for the token of one request: a policy, and what the request adds to it.
///
/// A class, so that a policy to which nothing is added is handed from request to request at the cost of one reference.
package final class EffectivePolicy: Sendable {
  /// The policy made ready for comparing bytes, once, when the configuration is read.
  private final class Prepared: Sendable {
    let policy: Policy
    let leewayMicroseconds: Int64
    /// In ascending order.
    let acceptedIssuers: [Int]
    let audiences: [[UInt8]]
    let scopes: [[UInt8]]
    let scopeClaims: [[UInt8]]?
    let roles: [[UInt8]]
    let clients: [[UInt8]]
    let requiredClaims: [[UInt8]]
    let claims: [(name: [UInt8], anyOf: [ComparableValue])]
    let acrValues: [[UInt8]]

    init(_ policy: Policy, issuerIndices: [[UInt8]: Int]) {
      self.policy = policy
      leewayMicroseconds = policy.leeway.microseconds
      acceptedIssuers = policy.issuers.compactMap { issuerIndices[Array($0.utf8)] }.sorted()
      audiences = policy.audiences.map { Array($0.utf8) }
      scopes = policy.scopes.map { Array($0.utf8) }
      scopeClaims = policy.scopeClaims?.map { Array($0.utf8) }
      roles = policy.roles.map { Array($0.utf8) }
      clients = policy.clients.map { Array($0.utf8) }
      requiredClaims = policy.requiredClaims.map { Array($0.utf8) }
      claims = policy.claims.map { (Array($0.claim.utf8), $0.anyOf.map(ComparableValue.init)) }
      acrValues = policy.acrValues.map { Array($0.utf8) }
    }
  }

  /// A claim's demanded value, as bytes where it is a string.
  enum ComparableValue: Sendable {
    case string([UInt8])
    case integer(Int64)
    case boolean(Bool)

    init(_ value: ClaimValue) {
      self =
        switch value {
        case .string(let text): .string(Array(text.utf8))
        case .integer(let number): .integer(number)
        case .boolean(let flag): .boolean(flag)
        }
    }
  }

  private let prepared: Prepared
  /// Identifies the policy with its list of issuers, once in a process's life; `nil` if a request adds to it.
  package let serial: UInt64?
  private static let lastSerial = Atomic<UInt64>(0)
  /// The greatest age of the user's authentication that counts, in seconds, if it is limited at all.
  package let maximumAge: Int64?
  let requestAudiences: [[UInt8]]?
  let requestScopes: [[UInt8]]
  let requestRoles: [[UInt8]]
  let acrValues: [[UInt8]]
  let nonce: [UInt8]?

  /// A policy as it is configured.
  ///
  /// - Parameters:
  ///   - policy: The policy; the configuration made sure that its issuers exist.
  ///   - issuers: The short names of all issuers; verdicts refer to them by index.
  package convenience init(_ policy: Policy, issuers: [String]) {
    self.init(policy, issuerIndices: Self.issuerIndices(of: issuers))
  }

  /// The indices of issuers by the bytes of their short names, computed once for all policies.
  package static func issuerIndices(of issuers: [String]) -> [[UInt8]: Int] {
    Dictionary(issuers.enumerated().map { (Array($1.utf8), $0) }) { first, _ in first }
  }

  /// A policy as it is configured, with indices that serve many policies.
  ///
  /// - Parameters:
  ///   - policy: The policy; the configuration made sure that its issuers exist.
  ///   - issuerIndices: The indices of all issuers by their short names.
  package init(_ policy: Policy, issuerIndices: [[UInt8]: Int]) {
    prepared = Prepared(policy, issuerIndices: issuerIndices)
    serial = Self.lastSerial.add(1, ordering: .relaxed).newValue
    maximumAge = policy.maximumAge?.components.seconds
    requestAudiences = nil
    requestScopes = []
    requestRoles = []
    acrValues = prepared.acrValues
    nonce = nil
  }

  /// A policy with what a request adds.
  ///
  /// It is `nil` if the request's and the policy's `acr_values` have nothing in common: no token could pass, so the
  /// request is a mistake.
  package init?(_ policy: EffectivePolicy, adding constraints: RequestConstraints) {
    prepared = policy.prepared
    serial = nil
    maximumAge = [policy.maximumAge, constraints.maximumAge].compactMap { $0 }.min()
    requestAudiences = constraints.audiences
    requestScopes = constraints.scopes
    requestRoles = constraints.roles
    nonce = constraints.nonce
    if let wanted = constraints.acrValues {
      acrValues = policy.acrValues.isEmpty ? wanted : policy.acrValues.filter { wanted.contains($0) }
      if acrValues.isEmpty { return nil }
    } else {
      acrValues = policy.acrValues
    }
  }

  // MARK: The policy's part

  /// The policy as it was configured; this copies all of it, so prefer the members below.
  package var policy: Policy { prepared.policy }
  /// The policy's name.
  package var name: String { prepared.policy.name }
  /// Whether opaque tokens are accepted.
  package var acceptsOpaque: Bool { prepared.policy.acceptsOpaque }
  /// How often a back-end is asked about a JWT, if at all.
  package var recheck: Duration? { prepared.policy.recheck }

  /// Whether tokens of the issuer with this index are accepted.
  package func accepts(issuer index: Int) -> Bool {
    let accepted = prepared.acceptedIssuers
    var (low, high) = (0, accepted.count)
    while low < high {
      let middle = (low + high) / 2
      if accepted[middle] < index { low = middle + 1 } else { high = middle }
    }
    return low < accepted.count && accepted[low] == index
  }

  /// The kind of token.
  package var tokenType: TokenType { prepared.policy.tokenType }

  /// The claims in which scopes are read, if the policy names them itself.
  var scopeClaims: [[UInt8]]? { prepared.scopeClaims }

  /// The tolerance of every comparison of times.
  var leewayMicroseconds: Int64 { prepared.leewayMicroseconds }
  var audiences: [[UInt8]] { prepared.audiences }
  var policyScopes: [[UInt8]] { prepared.scopes }
  var policyRoles: [[UInt8]] { prepared.roles }
  var clients: [[UInt8]] { prepared.clients }
  var requiredClaims: [[UInt8]] { prepared.requiredClaims }
  var claims: [(name: [UInt8], anyOf: [ComparableValue])] { prepared.claims }

  // MARK: For people and challenges

  /// The scopes that must all be granted, for `www_authenticate` (RFC 6750 section 3).
  package var scopes: [String] {
    policy.scopes
      + requestScopes.filter { !policyScopes.contains($0) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The accepted authentication context classes, for `www_authenticate` (RFC 9470 section 3).
  package var acceptedACRValues: [String] { acrValues.map { String(decoding: $0, as: UTF8.self) } }
}
