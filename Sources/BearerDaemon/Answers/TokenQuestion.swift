import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol

/// One `verify` or `introspect` request with all that its answer depends on but the keys, which may have to come.
struct TokenQuestion: Sendable {
  /// Which op is answered, for the shape of the reply.
  let isIntrospection: Bool
  let request: TokenDemands
  let world: World
  /// Where the answer is counted.
  let ledger: AnswerLedger
  /// What the world's policy and the request demand together.
  let demands: Demands

  /// Finds the policy, and tightens it by the request.
  init(
    _ request: TokenDemands, isIntrospection: Bool, in world: World, ledger: AnswerLedger
  ) throws(ErrorReply.Refusal) {
    self.request = request
    self.isIntrospection = isIntrospection
    self.world = world
    self.ledger = ledger
    demands = try Self.demands(of: request, in: world)
  }

  /// The same question in another world, where the policy may be another one.
  func asked(in newWorld: World) throws(ErrorReply.Refusal) -> TokenQuestion {
    newWorld === world
      ? self : try TokenQuestion(request, isIntrospection: isIntrospection, in: newWorld, ledger: ledger)
  }

  private static func demands(
    of request: TokenDemands, in world: World
  ) throws(ErrorReply.Refusal) -> Demands {
    guard let policy = world.demands(ofPolicy: request.policy) else {
      var error =
        request.policy == nil
        ? ErrorReply(.invalidRequest, "No policy is named default, so the request must name one.")
        : ErrorReply(.unknownPolicy, "There is no such policy in the configuration.")
      error.member = "policy"
      throw ErrorReply.Refusal(error)
    }
    if request.tightensNothing { return policy }
    let tightening = Tightening(
      audiences: request.audiences, scopes: request.scopes, maximumAge: request.maximumAge,
      acrValues: request.acrValues, nonce: request.nonce)
    guard let demands = Demands(policy.policy, tightening) else {
      var error = ErrorReply(
        .invalidRequest, "acr_values has nothing in common with the policy's, so no token could be accepted.")
      error.member = "acr_values"
      throw ErrorReply.Refusal(error)
    }
    return demands
  }

  /// What became of asking the verifier once.
  enum Attempt {
    /// The reply's members were appended.
    case answered
    /// The key is not there; the generation of the set that was looked into, if there was a usable one.
    case keyMissing(KeyNeed, generation: UInt64?)
  }

  /// Asks the verifier, and appends the reply if it is known.
  ///
  /// - Parameters:
  ///   - token: The token.
  ///   - verifier: The verifier of the event loop, or another.
  ///   - id: The request's id, to be echoed.
  ///   - reply: Where to.
  /// - Returns: Whether the reply was appended, or the key that is missing.
  func attempt(
    _ token: Span<UInt8>, verifier: inout Verifier, id: [UInt8], into reply: inout [UInt8]
  ) -> Attempt {
    let now = MonotonicTime.now
    let question = Question(issuers: world.issuers, demands: demands, now: .now)
    var used: KeySnapshot?
    var asked: Int?
    let verdict = verifier.verify(token, question) { issuer in
      asked = issuer
      guard let snapshot = world.keys[issuer].snapshot, snapshot.state(at: now).isUsable else { return nil }
      used = snapshot
      return snapshot.keys
    }
    switch verdict {
    case .keyMissing(let need): return .keyMissing(need, generation: used?.generation)
    case .accepted(let accepted):
      ledger.countAccepted()
      appendAccepted(accepted, id: id, into: &reply)
    case .rejected(let rejection):
      let error = ErrorReply(rejection, demands)
      ledger.refuse(error.code, token: token, issuer: asked.map { world.issuers[$0].name })
      appendError(error, id: id, into: &reply)
    }
    if case .stale(let age)? = used?.state(at: now) {
      reply.append(json: #","stale":true,"keys_age_s":"#)
      reply.append(decimal: age.components.seconds)
    }
    endReply(token, verifier: &verifier, into: &reply)
    return .answered
  }

  /// Appends a reply that says why there is no verdict, or that the key does not exist.
  ///
  /// - Parameters:
  ///   - error: Why.
  ///   - token: The token; empty if there is none.
  ///   - issuer: The token's issuer, if it is known.
  ///   - verifier: The verifier of the event loop, or another.
  ///   - id: The request's id, to be echoed.
  ///   - reply: Where to.
  func refuse(
    _ error: ErrorReply, token: Span<UInt8>, of issuer: Int? = nil, verifier: inout Verifier, id: [UInt8],
    into reply: inout [UInt8]
  ) {
    ledger.refuse(error.code, token: token, issuer: issuer.map { world.issuers[$0].name })
    appendError(error, id: id, into: &reply)
    endReply(token, verifier: &verifier, into: &reply)
  }

  // MARK: Members

  private func appendAccepted(_ token: VerifiedToken, id: [UInt8], into reply: inout [UInt8]) {
    reply.beginReply(id: id)
    if isIntrospection {
      reply.append(json: #""ok":true,"introspection":"#)
      Introspection.append(token, scopeClaims: demands.policy.policy.scopeClaims, to: &reply)
    } else {
      reply.append(json: #""ok":true,"policy":"#)
      reply.append(jsonString: demands.policy.policy.name)
      reply.append(json: #","issuer":"#)
      reply.append(jsonString: world.issuers[token.issuer].name)
      reply.append(json: #","header":"#)
      token.appendHeader(to: &reply)
      reply.append(json: #","claims":"#)
      token.appendClaims(to: &reply)
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

  private func endReply(_ token: Span<UInt8>, verifier: inout Verifier, into reply: inout [UInt8]) {
    if request.explain {
      let now = MonotonicTime.now
      let question = Question(issuers: world.issuers, demands: demands, now: .now)
      let steps = verifier.explain(token, question) { issuer in
        world.keys[issuer].snapshot.flatMap { $0.state(at: now).isUsable ? $0.keys : nil }
      }
      if !token.isEmpty {
        reply.append(json: #","fingerprint":"#)
        reply.append(jsonString: TokenFingerprint.text(of: token))
      }
      reply.append(json: #","trace":"#)
      JSONValue.array(steps.map(JSONValue.init(_:))).append(to: &reply)
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
