/// A policy made ready for comparing bytes, once, when the configuration is read.
package final class CompiledPolicy: Sendable {
  /// The policy as it was configured.
  package let policy: Policy

  /// The tolerance of every comparison of times.
  let leewayMicroseconds: Int64
  let acceptsIssuer: [Bool]
  let audiences: [[UInt8]]
  let scopes: [[UInt8]]
  let scopeClaims: [[UInt8]]
  let clients: [[UInt8]]
  let requiredClaims: [(name: String, bytes: [UInt8])]
  let claims: [(name: String, bytes: [UInt8], anyOf: [ComparableValue])]
  let acrValues: [[UInt8]]

  /// A claim's demanded value, as bytes where it is a string.
  enum ComparableValue: Sendable {
    case string([UInt8])
    case integer(Int64)
    case boolean(Bool)
  }

  /// Prepares a policy.
  ///
  /// - Parameters:
  ///   - policy: The policy; the configuration made sure that its issuers exist.
  ///   - issuers: All issuers, in the order in which the verifier is given them.
  package init(_ policy: Policy, issuers: [Issuer]) {
    self.policy = policy
    leewayMicroseconds = policy.leeway.microseconds
    acceptsIssuer = issuers.map { policy.issuers.contains($0.name) }
    audiences = policy.audiences.map { Array($0.utf8) }
    scopes = policy.scopes.map { Array($0.utf8) }
    scopeClaims = policy.scopeClaims.map { Array($0.utf8) }
    clients = policy.clients.map { Array($0.utf8) }
    requiredClaims = policy.requiredClaims.map { ($0, Array($0.utf8)) }
    claims = policy.claims.map { requirement in
      let values = requirement.anyOf.map { value -> ComparableValue in
        switch value {
        case .string(let text): .string(Array(text.utf8))
        case .integer(let number): .integer(number)
        case .boolean(let flag): .boolean(flag)
        }
      }
      return (requirement.claim, Array(requirement.claim.utf8), values)
    }
    acrValues = policy.acrValues.map { Array($0.utf8) }
  }

  /// Whether tokens of the issuer with this index are accepted.
  func accepts(issuer index: Int) -> Bool { index < acceptsIssuer.count && acceptsIssuer[index] }
}

/// What must hold for one request: its policy, tightened.
///
/// A class, so that the demands of a policy that is not tightened are handed from request to request at the cost of one
/// reference.
package final class Demands: Sendable {
  /// The policy.
  package let policy: CompiledPolicy
  /// The greatest age of the user's authentication that counts, in seconds, if it is limited at all.
  package let maximumAge: Int64?

  let requestAudiences: [[UInt8]]?
  let requestScopes: [[UInt8]]
  let acrValues: [[UInt8]]
  let nonce: [UInt8]?

  /// The policy as it is.
  package init(_ policy: CompiledPolicy) {
    self.policy = policy
    maximumAge = policy.policy.maximumAge?.components.seconds
    requestAudiences = nil
    requestScopes = []
    acrValues = policy.acrValues
    nonce = nil
  }

  /// The policy, tightened; `nil` if the request's and the policy's `acr_values` have nothing in common, for then
  /// no token could ever be good enough and the request is a mistake.
  package init?(_ policy: CompiledPolicy, _ tightening: Tightening) {
    self.policy = policy
    let policyAge = policy.policy.maximumAge?.components.seconds
    maximumAge = [policyAge, tightening.maximumAge].compactMap { $0 }.min()
    requestAudiences = tightening.audiences?.map { Array($0.utf8) }
    requestScopes = tightening.scopes.map { Array($0.utf8) }
    nonce = tightening.nonce.map { Array($0.utf8) }
    if let wanted = tightening.acrValues?.map({ Array($0.utf8) }) {
      acrValues = policy.acrValues.isEmpty ? wanted : policy.acrValues.filter { wanted.contains($0) }
      if acrValues.isEmpty { return nil }
    } else {
      acrValues = policy.acrValues
    }
  }

  /// The scopes that must all be granted, for `www_authenticate` (RFC 6750 section 3).
  package var scopes: [String] {
    let own = policy.policy.scopes
    return own + requestScopes.filter { !policy.scopes.contains($0) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The accepted authentication context classes, for `www_authenticate` (RFC 9470 section 3).
  package var acceptedACRValues: [String] { acrValues.map { String(decoding: $0, as: UTF8.self) } }
}
