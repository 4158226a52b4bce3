import BearerClaims
import BearerIntrospection
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerTime

// An opaque token goes to the back-end of the one issuer that the request or the policy names, and to no other. The
// back-end answers with claims, which are judged like those of a JWT, each time anew. A back-end is asked about a JWT
// only after everything else about the JWT was found good.

/// The part of a verdict that rests on back-ends.
extension TokenQuestion {
  /// How a verdict rests on a back-end, for the reply.
  struct Rest {
    /// How long ago the back-end was asked; `nil` if it never was.
    var age: Duration?
    /// Whether the token passed although the back-end could not be asked in time.
    var isUnchecked = false
  }

  /// The result of looking for a back-end's answer about a JWT.
  enum Recheck {
    /// The policy asks for none, or the back-end knows no tokens of this kind.
    case none
    case passed(Rest)
    case inactive(Rest)
    case missing(MissingStatus)
  }

  // MARK: Opaque tokens

  /// Judges a token that does not have the form of a JWT.
  func attemptOpaque(
    _ token: Span<UInt8>, at now: Moment, maximumBytes: Int, given: GivenStatus?, id: [UInt8], into reply: inout [UInt8]
  ) -> Attempt {
    var trace: Trace? = request.explain ? Trace() : nil
    let issuer: Int
    do throws(ErrorReply) {
      issuer = try issuerOfOpaqueToken(token, maximumBytes: maximumBytes)
    } catch {
      if request.explain { trace = Trace(withoutToken: error.message) }
      refuse(error, token: token, trace: trace, id: id, into: &reply)
      return .answered()
    }
    guard let entry = active.backEnds[issuer] else {
      refuse(noBackEnd, token: token, of: issuer, trace: trace, id: id, into: &reply)
      return .answered()
    }
    let question = StatusQuestion(TokenDigest(token, of: .opaqueToken), .opaque)
    let known =
      given?.status(of: question.digest, by: entry.backEnd)
      ?? entry.backEnd.known(question, at: entry.backEnd.now)
    guard let known else { return .statusMissing(MissingStatus(issuer: issuer, question: question, identity: nil)) }
    let rest = Rest(age: known.age)
    switch known.word {
    case .active(let answer?):
      let rejection = judge(answer.claims, at: now, of: issuer, entry.evidence, &trace)
      if let rejection {
        refuse(
          ErrorReply(rejection, policy), token: token, of: issuer, trace: trace, rest: rest, id: id, into: &reply)
      } else {
        counters.countAccepted()
        let expiresIn = entry.secondsLeft(of: known, until: answer.claims.expiry, at: NumericDate(now))
        appendAccepted(answer.claims, of: issuer, expiresIn: expiresIn, id: id, into: &reply)
        endReply(token, trace, rest: rest, of: issuer, into: &reply)
        if given == nil, !request.explain {
          return .answered(basis(.answer(question, answer), issuer: issuer, answer.claims))
        }
      }
    case .active(nil), .inactive:
      trace?.failed(.payload, (nil, nil), hint: Self.inactiveHint)
      refuse(inactive, token: token, of: issuer, trace: trace, rest: rest, id: id, into: &reply)
    }
    return .answered()
  }

  /// Makes the checks of claims, and that of `iss`, which a back-end need not send.
  private func judge(
    _ claims: ClaimSet, at now: Moment, of issuer: Int, _ evidence: Evidence, _ trace: inout Trace?
  ) -> Rejection? {
    trace?.passed(.form, ("no JWT", nil))
    var wrongIssuer: Rejection?
    if claims.issuer != nil, !claims.hasIssuer(Array(active.issuers[issuer].url.utf8)) {
      wrongIssuer = Rejection(
        .unknownIssuer, "The back-end says that the token is of another issuer than it was asked as.", claim: "iss")
      trace?.failed(
        .issuer, (active.issuers[issuer].url, claims.issuer), hint: "The back-end answers for another issuer.")
    } else {
      trace?.passed(.issuer, (active.issuers[issuer].url, claims.issuer ?? "not told"))
    }
    if let wrongIssuer, trace == nil { return wrongIssuer }
    let refused = claims.judge(under: policy, at: NumericDate(now), evidence: evidence, trace: &trace)
    return wrongIssuer ?? refused
  }

  /// The issuer whose back-end may be asked about the token.
  private func issuerOfOpaqueToken(_ token: Span<UInt8>, maximumBytes: Int) throws(ErrorReply) -> Int {
    if token.count > maximumBytes {
      throw ErrorReply(Rejection(.tokenTooLarge, "The token is longer than limits.token_bytes."), policy)
    }
    guard OpaqueTokenText.isBearerToken(token) else {
      throw ErrorReply(
        Rejection(.malformedToken, "The token is no JWT, and has characters that no bearer token has (RFC 6750)."),
        policy)
    }
    if let namedIssuer { return namedIssuer }
    let issuers = active.issuers.indices
    guard let issuer = issuers.first(where: policy.accepts), issuer == issuers.last(where: policy.accepts) else {
      var error = ErrorReply(
        .invalidRequest,
        "The token is opaque and the policy has several issuers, so the request must name the one to ask.")
      error.member = "issuer"
      throw error
    }
    return issuer
  }

  private var noBackEnd: ErrorReply {
    ErrorReply(
      Rejection(.opaqueToken, "The token is not a JWT, and its issuer has no back-end that could be asked about it."),
      policy)
  }

  // MARK: JWTs

  /// Looks for a back-end's answer about a JWT that is good otherwise.
  ///
  /// - Parameters:
  ///   - token: The token.
  ///   - accepted: The token as it was verified.
  ///   - given: An answer that was waited for.
  ///   - user: The user id that asks, for a question ahead of need.
  /// - Returns: The result.
  func recheck(_ token: Span<UInt8>, _ accepted: VerifiedToken, given: GivenStatus?, user: UInt32) -> Recheck {
    guard let interval = policy.recheck, let entry = active.backEnds[accepted.issuer],
      !entry.backEnd.kind.knowsUsersOnly || !accepted.claims.isOfMachine(active.issuers[accepted.issuer].profile)
    else { return .none }
    var end = token.count
    while end > 0, token[end - 1] != UInt8(ascii: ".") { end -= 1 }
    let digest = TokenDigest(token.extracting(..<max(0, end - 1)), of: .signingInput)
    let question = StatusQuestion(digest, .recheck(every: interval))
    if let given, given.digest == digest, given.backEnd === entry.backEnd {
      return Self.recheck(given.status, lastWord: entry.backEnd.lastWord(digest, at: entry.backEnd.now))
    }
    let identity = { TokenIdentity(ofJWT: accepted.claims) }
    guard let known = entry.backEnd.known(question, at: entry.backEnd.now) else {
      return .missing(MissingStatus(issuer: accepted.issuer, question: question, identity: identity()))
    }
    if known.isDue {
      let bytes = Array(copying: token)
      entry.backEnd.askAhead(question, now: entry.backEnd.now, user: user) {
        StatusCall(token: bytes, identity: identity())
      }
    }
    return Self.recheck(known, lastWord: nil)
  }

  private static func recheck(_ status: KnownStatus?, lastWord: KnownStatus?) -> Recheck {
    guard let status else {
      // A token that was called inactive stays inactive until the back-end says otherwise.
      if case .inactive? = lastWord?.word { return .inactive(Rest(age: lastWord?.age)) }
      return .passed(Rest(age: lastWord?.age, isUnchecked: true))
    }
    switch status.word {
    case .active: return .passed(Rest(age: status.age))
    case .inactive: return .inactive(Rest(age: status.age))
    }
  }

  /// What the verdict on a JWT rests on when its back-end cannot be asked: no answer at all, if the policy lets the
  /// token pass or it is known as inactive.
  ///
  /// `nil` if there is no verdict without an answer.
  func canDecide(without status: MissingStatus) -> GivenStatus? {
    guard status.isRecheck, let entry = active.backEnds[status.issuer] else { return nil }
    let lastWord = entry.backEnd.lastWord(status.question.digest, at: entry.backEnd.now)
    var isInactive = false
    if case .inactive? = lastWord?.word { isInactive = true }
    guard policy.policy.recheckFailure == .allow || isInactive else { return nil }
    return GivenStatus(backEnd: entry.backEnd, digest: status.question.digest, status: nil)
  }

  // MARK: Words

  /// The refusal of a token that a back-end calls inactive.
  var inactive: ErrorReply {
    ErrorReply(Rejection(.inactiveToken, "The issuer says that the token is not active."), policy)
  }

  static let inactiveHint =
    "The token was revoked or has ended; or the back-end may not tell this client about it: its client_id may not be in "
    + "the token's aud, or its secret may be wrong."

  /// What `explain` tells of the back-end.
  func appendBackEnd(of issuer: Int?, _ rest: Rest?, to reply: inout [UInt8]) {
    guard request.explain, let issuer, let entry = active.backEnds[issuer],
      policy.acceptsOpaque || policy.recheck != nil
    else { return }
    var object: JSONObject = [
      "issuer": .string(active.issuers[issuer].name), "kind": .string(entry.backEnd.kind.rawValue),
      "asked": .bool(rest?.age != nil),
    ]
    if let assumed = entry.evidence.assumedAudiences {
      object["assume_audience"] = .array(assumed.map { .string(String(decoding: $0, as: UTF8.self)) })
    }
    reply.append(json: #","back_end":"#)
    JSONValue.object(object).append(to: &reply)
  }
}

extension GivenStatus {
  /// The answer, if it is this back-end's and about this token.
  func status(of digest: TokenDigest, by backEnd: BackEnd) -> KnownStatus? {
    self.digest == digest && self.backEnd === backEnd ? status : nil
  }
}

extension ClaimSet {
  /// Whether the token is one of a machine, by what the commonest providers write: without a user's `sub`, or with the
  /// client as `sub` (RFC 9068 section 2.2).
  fileprivate func isOfMachine(_ profile: PreparedProfile?) -> Bool {
    let bytes = bytes
    func text(_ value: Int?) -> [UInt8]? {
      guard let value, tape[value].kind == .string else { return nil }
      return tape.unescaped(value, bytes.span)
    }
    guard let subject = text(value(of: "sub")) else { return true }
    guard let client = text(client(profile)) else { return false }
    return subject == client || subject == Array("client_id_".utf8) + client
  }
}

extension Array where Element == UInt8 {
  init(copying bytes: Span<UInt8>) {
    self = []
    append(bytes)
  }
}
