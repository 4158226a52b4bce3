import BearerCrypto
import BearerJSON

/// Decides about tokens: a function of bytes, keys, policy and a given time, without I/O and without a clock.
///
/// One verifier serves one event loop. Its scratch space is reused from token to token, so that a decision allocates
/// next to nothing, and it remembers facts that cannot change: what a header means (nearly all tokens of an issuer have the
/// same), that a token's signature is good under a key, and what a token's payload says.
package struct Verifier {
  /// The longest token in bytes that is looked at.
  package let maximumTokenBytes: Int

  // What is remembered from token to token.
  private var knownTokens: KnownTokens
  private var knownHeaders = KnownHeaders()
  private let digester = SHA256Digester()

  // What is known of the token at hand; each check may rely on what the checks before it have set.
  private var digest: KnownTokens.Digest?
  private var facts: KnownTokens.Facts?
  var headerEnd = 0
  var payloadEnd = 0
  private var headerBytes: [UInt8] = []
  private var headerTape = JSONTape()
  private(set) var header: JOSEHeader?
  private(set) var payloadBytes: [UInt8] = []
  private(set) var payload = JSONTape()
  private(set) var claims = Claims()
  private var signature: [UInt8] = []
  private(set) var issuerIndex: Int?
  private(set) var choice = KeySet.Choice.none
  private(set) var keyNeed: KeyNeed?

  /// A verifier that knows nothing yet.
  ///
  /// - Parameters:
  ///   - maximumTokenBytes: The longest token in bytes (`limits.token_bytes`).
  ///   - tokenCacheBytes: The most memory in bytes for facts about known tokens; 0 for none.
  package init(maximumTokenBytes: Int = 16384, tokenCacheBytes: Int = 0) {
    self.maximumTokenBytes = maximumTokenBytes
    knownTokens = KnownTokens(bytes: tokenCacheBytes)
  }

  /// Verifies a token in compact serialisation (RFC 7515 section 7.1).
  ///
  /// - Parameters:
  ///   - token: Exactly the token's bytes.
  ///   - question: Policy, issuers and time.
  ///   - keys: The key set of an issuer by its index; `nil` if there is none that may be used.
  /// - Returns: The verdict. `.keyMissing` only if every check that needs no key passes: a token that is known to be
  ///   bad must never cost a fetch, nor be blamed on the infrastructure.
  package mutating func verify(
    _ token: Span<UInt8>, _ question: Question, keys: (Int) -> KeySet?
  ) -> Verdict {
    var badSignature: Rejection?
    do throws(Rejection) {
      for check in Check.inOrder {
        // Without the key the other checks go on, on claims that nobody vouches for: one that fails is the answer.
        if check == .signature, keyNeed != nil { continue }
        do throws(Rejection) {
          try perform(check, token, question, keys)
        } catch {
          // Where no name says which key it is, the right one may be new: it is looked for if nothing else is wrong.
          guard check == .signature, let issuerIndex, !choice.isNamed else { throw error }
          badSignature = error
          keyNeed = KeyNeed(issuer: issuerIndex, kid: header?.kid, isTried: true)
        }
      }
      return keyNeed.map { .keyMissing($0) } ?? accept(question)
    } catch {
      return .rejected(badSignature ?? error)
    }
  }

  /// Makes one check; those before it must have passed, or have been the signature's.
  mutating func perform(
    _ check: Check, _ token: Span<UInt8>, _ question: Question, _ keys: (Int) -> KeySet?
  ) throws(Rejection) {
    switch check {
    case .form: try checkForm(token)
    case .header: try checkHeader(token)
    case .type: try checkType(question)
    case .payload: try checkPayload()
    case .issuer: try checkIssuer(question)
    case .algorithm: try checkAlgorithm(question)
    case .key: chooseKey(question, keys)
    case .signature: try checkSignature(token)
    case .shapes: try checkShapes(question)
    case .requiredClaims: try checkRequiredClaims(question)
    case .expiry: try checkExpiry(question)
    case .notBefore: try checkNotBefore(question)
    case .issuedAt: try checkIssuedAt(question)
    case .audience: try checkAudience(question)
    case .client: try checkClient(question)
    case .claims: try checkClaimValues(question)
    case .nonce: try checkNonce(question)
    case .confirmation: try checkConfirmation(question)
    case .stepUp: try checkStepUp(question)
    case .scope: try checkScope(question)
    }
  }

  // MARK: The token's form

  private mutating func checkForm(_ token: Span<UInt8>) throws(Rejection) {
    header = nil
    claims = Claims()
    issuerIndex = nil
    keyNeed = nil
    digest = nil
    facts = nil
    if token.count > maximumTokenBytes {
      throw Rejection(.tokenTooLarge, "The token is longer than limits.token_bytes.")
    }
    if token.count > 0, token[0] == UInt8(ascii: "{") {
      throw Rejection(.unsupportedToken, "The token is in a JSON serialisation; only compact JWS is supported.")
    }
    if recallPayload(token) {
      header = knownHeaders.find(token.extracting(..<headerEnd))
    } else {
      switch findDots(token) {
      case 2: break
      case 0:
        throw Rejection(
          .opaqueToken,
          "The token is not a JWT. Many providers send opaque access tokens until an API or audience is registered; in Authgear, switch on \"Issue JWT as access token\" for the application."
        )
      case 4: throw Rejection(.unsupportedToken, "The token is encrypted (JWE); only signed tokens are supported.")
      default: throw Rejection(.malformedToken, "The token does not have three segments.")
      }
      header = knownHeaders.find(token.extracting(..<headerEnd))
    }
    if header == nil, !Base64URL.decode(token.extracting(..<headerEnd), into: &headerBytes) {
      throw Rejection(.malformedToken, "The token's header is not canonical base64url.")
    }
    if facts?.payload != nil { return }
    if !Base64URL.decode(token.extracting((headerEnd + 1)..<payloadEnd), into: &payloadBytes) {
      throw Rejection(.malformedToken, "The token's payload is not canonical base64url.")
    }
    if !Base64URL.decode(token.extracting((payloadEnd + 1)...), into: &signature) {
      throw Rejection(.malformedToken, "The token's signature is not canonical base64url.")
    }
  }

  /// Looks whether the token is known, and takes what its payload says from memory if that is kept.
  ///
  /// The digest is that of every byte of the token, so what was found of these bytes before is true of these: that they
  /// have the form of a token, and what they mean.
  private mutating func recallPayload(_ token: Span<UInt8>) -> Bool {
    guard knownTokens.capacity > 0 else { return false }
    let digest = KnownTokens.Digest(digester.digest(of: token))
    self.digest = digest
    facts = knownTokens.facts(of: digest)
    guard let known = facts?.payload else { return false }
    headerEnd = known.headerEnd
    payloadEnd = known.payloadEnd
    payloadBytes = known.bytes
    payload = known.tape
    claims = known.claims
    return true
  }

  private mutating func checkHeader(_ token: Span<UInt8>) throws(Rejection) {
    if header != nil { return }
    // A copy of the reference, for a span of a member would count as a use of the whole verifier.
    let bytes = headerBytes
    do throws(JSONError) {
      try headerTape.read(bytes.span)
    } catch {
      throw Rejection(
        .invalidHeader,
        error.kind == .duplicateMember
          ? "The token's header has a parameter twice." : "The token's header is not a JSON object.")
    }
    let parsed = try JOSEHeader(token.extracting(..<headerEnd), headerTape, bytes.span)
    knownHeaders.insert(parsed)
    header = parsed
  }

  private func checkType(_ question: Question) throws(Rejection) {
    switch (question.demands.policy.policy.tokenType, header?.type) {
    case (.access, .accessToken), (.id, nil), (.id, .jwt), (.any, nil), (.any, .jwt), (.any, .accessToken): break
    case (.access, _): throw Rejection(.wrongType, "The token's typ is not at+jwt: not a JWT access token (RFC 9068).")
    case (.id, _): throw Rejection(.wrongType, "The token's typ is not JWT: not an ID token.")
    case (.any, _): throw Rejection(.wrongType, "The token's typ is neither JWT nor at+jwt.")
    }
  }

  private mutating func checkPayload() throws(Rejection) {
    if facts?.payload != nil { return }
    let bytes = payloadBytes
    do throws(JSONError) {
      try payload.read(bytes.span)
    } catch {
      throw Rejection(
        .malformedClaims,
        error.kind == .duplicateMember
          ? "The token's payload has a claim twice." : "The token's payload is not a JSON object.")
    }
    guard payload.rootIsObject else {
      throw Rejection(.malformedClaims, "The token's payload is not a JSON object.")
    }
    claims = Claims(payload, bytes.span)
  }

  // MARK: Whose it is

  private mutating func checkIssuer(_ question: Question) throws(Rejection) {
    guard let issuer = claims.issuer else {
      throw Rejection(.missingClaim, "The token has no iss.", claim: "iss")
    }
    try requireString(issuer, "iss")
    let known = question.issuers.firstIndex { payload.string(issuer, equals: $0.urlBytes, payloadBytes.span) }
    guard let index = known else {
      throw Rejection(.unknownIssuer, "The token's iss is no configured issuer, compared byte for byte.", claim: "iss")
    }
    issuerIndex = index
    guard question.demands.policy.accepts(issuer: index) else {
      throw Rejection(.unknownIssuer, "The token's issuer is not one of the policy's.", claim: "iss")
    }
  }

  private func checkAlgorithm(_ question: Question) throws(Rejection) {
    guard let issuerIndex, let header,
      !header.algorithms.isDisjoint(with: question.issuers[issuerIndex].algorithms)
    else {
      throw Rejection(.algorithmNotAllowed, "The token's alg is not among the issuer's algorithms.")
    }
  }

  private mutating func chooseKey(_ question: Question, _ keys: (Int) -> KeySet?) {
    choice = .none
    guard let issuerIndex, let header else { return }
    let algorithms = header.algorithms.intersection(question.issuers[issuerIndex].algorithms)
    choice = keys(issuerIndex)?.choose(kid: header.kid, algorithms: algorithms) ?? .none
    guard case .none = choice else { return }
    keyNeed = KeyNeed(issuer: issuerIndex, kid: header.kid, isTried: false)
    if let digest { knownTokens.forgetPayload(of: digest) }
  }

  private mutating func checkSignature(_ token: Span<UInt8>) throws(Rejection) {
    switch choice {
    case .none: break
    case .one(let key, _):
      if isSigned(token, by: key) { return }
    case .several(let keys):
      for key in keys where isSigned(token, by: key) { return }
    }
    if let digest { knownTokens.forgetPayload(of: digest) }
    throw Rejection(.badSignature, "The signature is not that of the issuer's key.")
  }

  private mutating func isSigned(_ token: Span<UInt8>, by key: VerificationKey) -> Bool {
    guard let header else { return false }
    if let digest, let facts, facts.keySerial == key.serial {
      if facts.payload == nil { keepPayload(of: digest) }
      return true
    }
    // Not decoded yet if the payload is known: the key has changed since.
    if facts?.payload != nil, !Base64URL.decode(token.extracting((payloadEnd + 1)...), into: &signature) {
      return false
    }
    let message = token.extracting(..<payloadEnd)
    guard key.isValid(signature: signature.span, over: message, algorithms: header.algorithms) else { return false }
    if let digest { knownTokens.insert(digest, keySerial: key.serial) }
    return true
  }

  /// The token came again, so it will probably go on coming.
  private mutating func keepPayload(of digest: KnownTokens.Digest) {
    guard knownTokens.makeRoom(for: KnownPayload.heldBytes(payloadBytes, payload)) else { return }
    let known = KnownPayload(
      headerEnd: headerEnd, payloadEnd: payloadEnd, bytes: payloadBytes, tape: payload, claims: claims)
    knownTokens.keep(known, of: digest)
  }

  private func accept(_ question: Question) -> Verdict {
    guard let header, let issuerIndex, let expires = claims.expiry.date else {
      // Not reached: the checks before have set all of these. Refusing is what a mistake here must lead to.
      return .rejected(Rejection(.missingClaim, "The token has no exp.", claim: "exp"))
    }
    return .accepted(
      VerifiedToken(
        issuer: issuerIndex, expiresIn: max(0, expires.seconds - question.now.seconds), header: header,
        claimsTape: payload, claimsBytes: payloadBytes))
  }

  /// Whether `iss` is a configured issuer but for a slash at its end, the commonest mistake of all.
  func isIssuerButForSlash(_ question: Question) -> Bool {
    guard let issuer = claims.issuer, let found = payload.text(issuer, payloadBytes.span) else { return false }
    return question.issuers.contains {
      ($0.url + "/").hasSameBytes(as: found) || $0.url.hasSameBytes(as: found + "/")
    }
  }
}
