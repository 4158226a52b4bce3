import BearerClaims
import BearerIntrospection
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerTime

/// One `verify` or `introspect` request, with all that its answer depends on except the keys, which may still have to
/// be fetched.
///
/// A class, so that handing it on costs one reference and not one for each member of the request.
final class TokenQuestion: Sendable {
  let request: Request
  let active: ActiveConfiguration
  /// Where the answer is counted.
  let counters: ReplyCounters
  /// What the active configuration's policy and the request demand together.
  let policy: EffectivePolicy
  /// The issuer that the request names, which is one of the policy's.
  let namedIssuer: Int?

  /// Finds the policy, and tightens it by the request.
  init(
    _ request: Request, in active: ActiveConfiguration, counters: ReplyCounters
  ) throws(ErrorReply) {
    policy = try Self.policy(of: request, in: active)
    namedIssuer = try Self.issuer(of: request, policy, in: active)
    self.request = request
    self.active = active
    self.counters = counters
  }

  private var isIntrospection: Bool { request.operation == .introspect }

  /// The same question asked later.
  ///
  /// The configuration may have changed meanwhile, and the policy with it.
  func asked(in new: ActiveConfiguration) throws(ErrorReply) -> TokenQuestion {
    try TokenQuestion(request, in: new, counters: counters)
  }

  private static func issuer(
    of request: Request, _ policy: EffectivePolicy, in active: ActiveConfiguration
  ) throws(ErrorReply) -> Int? {
    guard let name = request.issuer else { return nil }
    let named = active.issuers(named: name)
    if let issuer = named.first(where: policy.accepts) { return issuer }
    if named.isEmpty { throw .noSuchIssuer }
    var error = ErrorReply(.invalidRequest, "The issuer is not one of the policy's.")
    error.member = "issuer"
    throw error
  }

  private static func policy(
    of request: Request, in active: ActiveConfiguration
  ) throws(ErrorReply) -> EffectivePolicy {
    guard let policy = active.policy(named: request.policy) else {
      var error =
        request.policy == nil
        ? ErrorReply(.invalidRequest, "No policy is named default, so the request must name one.")
        : ErrorReply(.unknownPolicy, "There is no such policy in the configuration.")
      error.member = "policy"
      throw error
    }
    if request.constraints.isEmpty { return policy }
    guard let policy = EffectivePolicy(policy, adding: request.constraints) else {
      var error = ErrorReply(
        .invalidRequest, "acr_values has nothing in common with the policy's, so no token could be accepted.")
      error.member = "acr_values"
      throw error
    }
    return policy
  }

  /// The result of asking the verifier once.
  enum Attempt {
    /// The reply was appended. If it accepts a known token, this is all that it rests on.
    case answered(AcceptanceBasis? = nil)
    /// The key is missing; the generation of the set that was looked into, if there was a usable one.
    case keyMissing(MissingKey, generation: UInt64?)
    /// The back-end's answer is missing.
    case statusMissing(MissingStatus)
  }

  /// Asks the verifier, and appends the reply if it is known.
  ///
  /// - Parameters:
  ///   - token: The token.
  ///   - now: The time to verify at.
  ///   - verifier: The verifier of the event loop, or another.
  ///   - given: A back-end's answer that was waited for.
  ///   - user: The user id that asks, for a question ahead of need.
  ///   - id: The request's id, to be echoed.
  ///   - reply: Where the reply goes.
  /// - Returns: Whether the reply was appended, or what is missing.
  func attempt(
    _ token: Span<UInt8>, at now: Moment, verifier: inout Verifier, given: GivenStatus? = nil, user: UInt32 = 0,
    id: [UInt8], into reply: inout [UInt8]
  ) -> Attempt {
    if policy.acceptsOpaque, TokenForm(token) == .opaque {
      return attemptOpaque(
        token, at: now, maximumBytes: verifier.maximumTokenBytes, given: given, id: id, into: &reply)
    }
    let (verdict, issuer, snapshot) = verdict(on: token, at: now, verifier: &verifier)
    var rest: Rest?
    var basis: AcceptanceBasis?
    switch verdict {
    case .keyMissing(let key): return .keyMissing(key, generation: snapshot?.generation)
    case .undecided:
      refuse(.verificationUnavailable, token: token, of: issuer, trace: verifier.trace, id: id, into: &reply)
      return .answered()
    case .accepted(let accepted):
      switch recheck(token, accepted, given: given, user: user) {
      case .missing(let status): return .statusMissing(status)
      case .inactive(let found):
        refuse(inactive, token: token, of: issuer, trace: verifier.trace, rest: found, id: id, into: &reply)
        return .answered()
      case .passed(let found): rest = found
      case .none: basis = snapshot.flatMap { self.basis(of: accepted, $0, at: now) }
      }
      counters.countAccepted()
      appendAccepted(accepted, id: id, into: &reply)
    case .rejected(let rejection) where rejection.code == .token(.opaqueToken) && policy.acceptsOpaque:
      // It has the form of a JWT, but its issuer says that others must treat it as opaque.
      return attemptOpaque(
        token, at: now, maximumBytes: verifier.maximumTokenBytes, given: given, id: id, into: &reply)
    case .rejected(let rejection):
      let error = ErrorReply(rejection, policy)
      counters.refuse(error.code, token: token, issuer: issuer.map { active.issuers[$0].name })
      appendError(error, id: id, into: &reply)
    }
    if case .stale(let age)? = snapshot?.state(at: now.monotonic) {
      reply.append(json: #","stale":true,"keys_age_s":"#)
      reply.append(decimal: age.components.seconds)
    }
    endReply(token, verifier.trace, rest: rest, of: issuer, into: &reply)
    return .answered(basis)
  }

  /// What the acceptance of a token rests on, if it is known and nothing is told that changes from moment to moment.
  private func basis(of token: VerifiedToken, _ snapshot: KeySnapshot, at now: Moment) -> AcceptanceBasis? {
    guard token.isKnown, !request.explain, case .fresh = snapshot.state(at: now.monotonic) else { return nil }
    return basis(.keys(set: snapshot.serial), issuer: token.issuer, token.claims)
  }

  /// What an acceptance rests on by this source.
  func basis(_ source: AcceptanceBasis.Source, issuer: Int, _ claims: ClaimSet) -> AcceptanceBasis {
    AcceptanceBasis(
      issuer: issuer, source: source, validity: claims.validity(under: policy), tellsExpiry: !isIntrospection,
      expiry: claims.expiry)
  }

  /// Asks the verifier.
  ///
  /// - Parameters:
  ///   - token: The token.
  ///   - now: The time to verify at.
  ///   - verifier: The verifier of the event loop, or another.
  /// - Returns: The verdict, the token's issuer if it is known, and the keys that the verdict rests on.
  func verdict(
    on token: Span<UInt8>, at now: Moment, verifier: inout Verifier
  ) -> (verdict: TokenVerdict, issuer: Int?, keys: KeySnapshot?) {
    let input = VerificationInput(issuers: active.issuers, policy: policy, now: NumericDate(now))
    let issuer = verifier.open(token, input, explaining: request.explain)
    let snapshot = issuer.flatMap { active.keys[$0].snapshot }.flatMap {
      $0.state(at: now.monotonic).isUsable ? $0 : nil
    }
    let verdict = verifier.judge(token, input, keys: snapshot?.keys)
    guard let issuer, let namedIssuer, issuer != namedIssuer else { return (verdict, issuer, snapshot) }
    if case .rejected = verdict { return (verdict, issuer, snapshot) }
    let rejection = Rejection(
      .unknownIssuer, "The token is not of the issuer that the request names.", claim: "iss")
    return (.rejected(rejection), issuer, snapshot)
  }

  /// Appends a reply that says why there is no verdict, or that the key does not exist.
  ///
  /// - Parameters:
  ///   - error: The reason.
  ///   - token: The token; empty if there is none.
  ///   - issuer: The token's issuer, if it is known.
  ///   - trace: The results of all checks, if they are wanted.
  ///   - rest: How the refusal rests on a back-end, if it does.
  ///   - id: The request's id, to be echoed.
  ///   - reply: Where the reply goes.
  func refuse(
    _ error: ErrorReply, token: Span<UInt8>, of issuer: Int? = nil, trace: Trace?, rest: Rest? = nil, id: [UInt8],
    into reply: inout [UInt8]
  ) {
    counters.refuse(error.code, token: token, issuer: issuer.map { active.issuers[$0].name })
    appendError(error, id: id, into: &reply)
    endReply(token, trace, rest: rest, of: issuer, into: &reply)
  }

  // MARK: Members

  /// Appends what a back-end tells of a good opaque token.
  func appendAccepted(
    _ claims: ClaimSet, of issuer: Int, expiresIn: Int64, id: [UInt8], into reply: inout [UInt8]
  ) {
    reply.beginReply(id: id)
    if isIntrospection {
      reply.append(json: #""ok":true,"introspection":"#)
      IntrospectionReply.append(claims, under: policy, active.backEnds[issuer]?.evidence.profile, to: &reply)
      return
    }
    reply.append(json: #""ok":true,"policy":"#)
    reply.append(jsonString: policy.name)
    reply.append(json: #","issuer":"#)
    reply.append(jsonString: active.issuers[issuer].name)
    reply.append(json: #","header":{},"claims":"#)
    claims.append(to: &reply)
    reply.append(json: #","expires_in":"#)
    reply.append(decimal: expiresIn)
  }

  private func appendAccepted(_ token: VerifiedToken, id: [UInt8], into reply: inout [UInt8]) {
    reply.beginReply(id: id)
    if isIntrospection {
      reply.append(json: #""ok":true,"introspection":"#)
      IntrospectionReply.append(token.claims, under: policy, active.issuers[token.issuer].profile, to: &reply)
    } else {
      reply.append(json: #""ok":true,"policy":"#)
      reply.append(jsonString: policy.name)
      reply.append(json: #","issuer":"#)
      reply.append(jsonString: active.issuers[token.issuer].name)
      reply.append(json: #","header":"#)
      token.appendHeader(to: &reply)
      reply.append(json: #","claims":"#)
      token.claims.append(to: &reply)
      reply.append(json: #","expires_in":"#)
      reply.append(decimal: token.expiresIn)
    }
  }

  private func appendError(_ error: ErrorReply, id: [UInt8], into reply: inout [UInt8]) {
    reply.beginReply(id: id)
    error.append(to: &reply)
    if isIntrospection, error.code.category == .token || error.code.category == .policy {
      reply.append(json: #","introspection":{"active":false}"#)
    }
  }

  func endReply(
    _ token: Span<UInt8>, _ trace: Trace?, rest: Rest?, of issuer: Int?, into reply: inout [UInt8]
  ) {
    if let rest {
      if let age = rest.age { reply.appendSource(age: age) }
      if rest.isUnchecked { reply.append(json: #","unchecked":true"#) }
    }
    appendBackEnd(of: issuer, rest, to: &reply)
    if let trace {
      if !token.isEmpty {
        reply.append(json: #","fingerprint":"#)
        reply.append(jsonString: TokenFingerprint.text(of: token))
      }
      reply.append(json: #","trace":"#)
      JSONValue.array(trace.steps.map(JSONValue.init(_:))).append(to: &reply)
    }
    reply.endReply()
  }
}

extension JSONValue {
  /// A step of a trace as the reply shows it.
  fileprivate init(_ step: TraceStep) {
    var object: JSONObject = ["check": .string(step.check.rawValue), "result": .string(step.result.rawValue)]
    if let expected = step.expected { object["expected"] = .string(expected) }
    if let found = step.found { object["found"] = .string(found) }
    if let hint = step.hint { object["hint"] = .string(hint) }
    self = .object(object)
  }
}
