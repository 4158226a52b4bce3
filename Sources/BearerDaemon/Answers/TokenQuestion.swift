import BearerClaims
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerTime

/// One `verify` or `introspect` request with all that its answer depends on but the keys, which may have to come.
struct TokenQuestion: Sendable {
  /// Which op is answered, for the shape of the reply.
  let isIntrospection: Bool
  let request: TokenRequest
  let active: ActiveConfiguration
  /// Where the answer is counted.
  let ledger: AnswerLedger
  /// What the active configuration's policy and the request demand together.
  let policy: EffectivePolicy

  /// Finds the policy, and tightens it by the request.
  init(
    _ request: TokenRequest, isIntrospection: Bool, in active: ActiveConfiguration, ledger: AnswerLedger
  ) throws(ErrorReply.Refusal) {
    self.request = request
    self.isIntrospection = isIntrospection
    self.active = active
    self.ledger = ledger
    policy = try Self.policy(of: request, in: active)
  }

  /// The same question in another active configuration, where the policy may be another one.
  func asked(in new: ActiveConfiguration) throws(ErrorReply.Refusal) -> TokenQuestion {
    new === active
      ? self : try TokenQuestion(request, isIntrospection: isIntrospection, in: new, ledger: ledger)
  }

  private static func policy(
    of request: TokenRequest, in active: ActiveConfiguration
  ) throws(ErrorReply.Refusal) -> EffectivePolicy {
    guard let policy = active.policy(named: request.policy) else {
      var error =
        request.policy == nil
        ? ErrorReply(.invalidRequest, "No policy is named default, so the request must name one.")
        : ErrorReply(.unknownPolicy, "There is no such policy in the configuration.")
      error.member = "policy"
      throw ErrorReply.Refusal(error)
    }
    if request.constraints.isEmpty { return policy }
    guard let policy = EffectivePolicy(policy, adding: request.constraints) else {
      var error = ErrorReply(
        .invalidRequest, "acr_values has nothing in common with the policy's, so no token could be accepted.")
      error.member = "acr_values"
      throw ErrorReply.Refusal(error)
    }
    return policy
  }

  /// What became of asking the verifier once.
  enum Attempt {
    /// The reply's members were appended.
    case answered
    /// The key is not there; the generation of the set that was looked into, if there was a usable one.
    case keyMissing(MissingKey, generation: UInt64?)
  }

  /// Asks the verifier, and appends the reply if it is known.
  ///
  /// - Parameters:
  ///   - token: The token.
  ///   - now: The time to verify at.
  ///   - verifier: The verifier of the event loop, or another.
  ///   - id: The request's id, to be echoed.
  ///   - reply: Where to.
  /// - Returns: Whether the reply was appended, or the key that is missing.
  func attempt(
    _ token: Span<UInt8>, at now: Moment, verifier: inout Verifier, id: [UInt8], into reply: inout [UInt8]
  ) -> Attempt {
    let (verdict, issuer, snapshot) = verdict(on: token, at: now, verifier: &verifier)
    switch verdict {
    case .keyMissing(let key): return .keyMissing(key, generation: snapshot?.generation)
    case .accepted(let accepted):
      ledger.countAccepted()
      appendAccepted(accepted, id: id, into: &reply)
    case .rejected(let rejection):
      let error = ErrorReply(rejection, policy)
      ledger.refuse(error.code, token: token, issuer: issuer.map { active.issuers[$0].name })
      appendError(error, id: id, into: &reply)
    }
    if case .stale(let age)? = snapshot?.state(at: now.monotonic) {
      reply.append(json: #","stale":true,"keys_age_s":"#)
      reply.append(decimal: age.components.seconds)
    }
    endReply(token, verifier.trace, into: &reply)
    return .answered
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
  ) -> (verdict: Verdict, issuer: Int?, keys: KeySnapshot?) {
    let input = VerificationInput(issuers: active.issuers, policy: policy, now: NumericDate(now))
    let issuer = verifier.open(token, input, explaining: request.explain)
    let snapshot = issuer.flatMap { active.keys[$0].snapshot }.flatMap {
      $0.state(at: now.monotonic).isUsable ? $0 : nil
    }
    return (verifier.judge(token, input, keys: snapshot?.keys), issuer, snapshot)
  }

  /// Appends a reply that says why there is no verdict, or that the key does not exist.
  ///
  /// - Parameters:
  ///   - error: Why.
  ///   - token: The token; empty if there is none.
  ///   - issuer: The token's issuer, if it is known.
  ///   - trace: What came of every check, if that is wanted.
  ///   - id: The request's id, to be echoed.
  ///   - reply: Where to.
  func refuse(
    _ error: ErrorReply, token: Span<UInt8>, of issuer: Int? = nil, trace: Trace?, id: [UInt8],
    into reply: inout [UInt8]
  ) {
    ledger.refuse(error.code, token: token, issuer: issuer.map { active.issuers[$0].name })
    appendError(error, id: id, into: &reply)
    endReply(token, trace, into: &reply)
  }

  // MARK: Members

  private func appendAccepted(_ token: VerifiedToken, id: [UInt8], into reply: inout [UInt8]) {
    reply.beginReply(id: id)
    if isIntrospection {
      reply.append(json: #""ok":true,"introspection":"#)
      Introspection.append(token.claims, scopeClaims: policy.scopeClaims, to: &reply)
    } else {
      reply.append(json: #""ok":true,"policy":"#)
      reply.append(jsonString: policy.policy.name)
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

  private func endReply(_ token: Span<UInt8>, _ trace: Trace?, into reply: inout [UInt8]) {
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

extension ErrorReply {
  /// An error on its way to the reply.
  struct Refusal: Error {
    let reply: ErrorReply

    init(_ reply: ErrorReply) {
      self.reply = reply
    }
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
