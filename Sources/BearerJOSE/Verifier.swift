package import BearerClaims
import BearerCrypto
import BearerJSON

/// Decides about tokens: a function of bytes, keys, policy and a given time, without I/O and without a clock.
///
/// One verifier serves one event loop. Its scratch space is reused from token to token, so that a decision allocates
/// next to nothing, and it remembers facts that cannot change: what a header means (nearly all tokens of an issuer have the
/// same), that a token's signature is good under a key, and what a token's payload says.
///
/// A verdict takes two steps: ``open(_:_:explaining:)`` finds whose token it is, and ``judge(_:_:keys:)`` is given that
/// issuer's keys.
package struct Verifier {
  /// The longest token in bytes that is looked at.
  package let maximumTokenBytes: Int

  // What is remembered from token to token.
  private var tokenCache: TokenCache
  private var headerCache = HeaderCache()
  private let namer = TokenNamer()

  // What is known of the token at hand; each check may rely on what the checks before it have set.
  private var name: TokenName?
  private var facts: TokenCache.Facts?
  private var settled: SettledChecks?
  /// The key that the signature was found to be good under.
  private var goodKey: UInt64?
  /// Whether libcrypto could not check the signature, which may be good.
  private var isUndecided = false
  /// Whether the token is an access token by a rule of its issuer.
  private var isAccessTokenByRule = false
  private var isPayloadRead = false
  var headerEnd = 0
  var payloadEnd = 0
  private var headerBytes: [UInt8] = []
  private var headerTape = JSONTape()
  private(set) var header: JOSEHeader?
  private(set) var claims = ClaimSet()
  private var signature: [UInt8] = []
  private(set) var issuerIndex: Int?
  /// `iss`, where a key may be for one of the issuer's names only.
  private var keyIssuer: [UInt8]?
  private var choice = KeySet.Choice.none
  private var missingKey: MissingKey?
  private var rejection: Rejection?

  /// The results of all checks of the last token, if they were asked for.
  package private(set) var trace: Trace?

  /// A verifier that knows nothing yet.
  ///
  /// - Parameters:
  ///   - maximumTokenBytes: The longest token in bytes (`limits.token_bytes`).
  ///   - tokenCacheBytes: The most memory in bytes for facts about known tokens; 0 for none.
  package init(maximumTokenBytes: Int = 16384, tokenCacheBytes: Int = 0) {
    self.maximumTokenBytes = maximumTokenBytes
    tokenCache = TokenCache(bytes: tokenCacheBytes)
  }

  /// Verifies a token in compact serialisation (RFC 7515 section 7.1).
  ///
  /// - Parameters:
  ///   - token: Exactly the token's bytes.
  ///   - input: Policy, issuers and time.
  ///   - explaining: Whether every check is recorded in ``trace``.
  ///   - keys: The key set of an issuer by its index; `nil` if there is none that may be used.
  /// - Returns: The verdict.
  package mutating func verify(
    _ token: Span<UInt8>, _ input: VerificationInput, explaining: Bool = false, keys: (Int) -> KeySet?
  ) -> TokenVerdict {
    let issuer = open(token, input, explaining: explaining)
    return judge(token, input, keys: issuer.flatMap(keys))
  }

  /// Makes the checks that need no key.
  ///
  /// - Parameters:
  ///   - token: Exactly the token's bytes.
  ///   - input: Policy, issuers and time.
  ///   - explaining: Whether every check is recorded in ``trace``: those after the first failure are made, too.
  /// - Returns: The index of the issuer whose keys are needed; `nil` if the token is already refused.
  package mutating func open(_ token: Span<UInt8>, _ input: VerificationInput, explaining: Bool = false) -> Int? {
    recall(token)
    trace = nil
    settled = explaining ? nil : facts?.payload?.settled
    if let settled {
      if settled.policy == input.policy.serial { return settled.issuer }
      self.settled = nil
    }
    return openUnsettled(token, input, explaining: explaining)
  }

  private mutating func openUnsettled(_ token: Span<UInt8>, _ input: VerificationInput, explaining: Bool) -> Int? {
    rejection = nil
    issuerIndex = nil
    missingKey = nil
    goodKey = nil
    isUndecided = false
    isAccessTokenByRule = false
    trace = explaining ? Trace() : nil
    for check in Check.ofSignature {
      if check == .key { break }
      make(check, token, input, nil)
      if rejection != nil, !explaining { return nil }
    }
    return issuerIndex
  }

  /// Makes the other checks of the token that was opened last.
  ///
  /// - Parameters:
  ///   - token: The same token.
  ///   - input: The same input.
  ///   - keys: The issuer's key set; `nil` if there is none that may be used.
  /// - Returns: The verdict. `.keyMissing` and `.undecided` only if every check that needs no key passes: a token that is
  ///   known to be bad must never cost a fetch, nor be blamed on the infrastructure.
  package mutating func judge(_ token: Span<UInt8>, _ input: VerificationInput, keys: KeySet?) -> TokenVerdict {
    if let settled {
      if let keys, let payload = facts?.payload, settled.holds(with: keys, facts?.keySerial, at: input.now) {
        return accept(input, settled.issuer, payload.header, payload.claims)
      }
      // Something has changed, so all checks are made again.
      self.settled = nil
      _ = openUnsettled(token, input, explaining: false)
    }
    if let rejection, trace == nil { return .rejected(rejection) }
    make(.key, token, input, keys)
    make(.signature, token, input, keys)
    // Without a name the right key may be a new one: it is asked for if nothing else is wrong.
    var badSignature: Rejection?
    if let found = rejection, found.code == .token(.badSignature), let issuerIndex, !choice.isNamed {
      badSignature = found
      rejection = nil
      missingKey = MissingKey(issuer: issuerIndex, kid: header?.kid, isTried: true)
    }
    if let rejection, trace == nil { return .rejected(rejection) }
    // Without a verified signature the checks go on with unverified claims, and the first that fails is the answer.
    var evidence = Evidence(.signature, profile: issuerIndex.flatMap { input.issuers[$0].profile })
    evidence.isAccessTokenByRule = isAccessTokenByRule
    let refused = claims.judge(under: input.policy, at: input.now, evidence: evidence, trace: &trace)
    if let rejection = rejection ?? refused { return .rejected(badSignature ?? rejection) }
    if let missingKey { return .keyMissing(missingKey) }
    if isUndecided { return .undecided }
    guard let header, let issuerIndex, let keys else {
      // Not reached: the checks before have set all of these. A mistake here must refuse the token.
      return .rejected(Rejection(.unknownKey, "The issuer has no key that the token could be signed with."))
    }
    settle(input, issuerIndex, keys)
    return accept(input, issuerIndex, header, claims)
  }

  /// Makes one check and records its result.
  private mutating func make(
    _ check: Check, _ token: Span<UInt8>, _ input: VerificationInput, _ keys: KeySet?
  ) {
    if trace?.skipsUnmade(check) == true || check == .signature && missingKey != nil { return }
    do throws(Rejection) {
      try perform(check, token, input, keys)
      if trace == nil { return }
      let comparison = comparison(check, input)
      if check == .key, missingKey != nil {
        trace?.failed(check, comparison, hint: Self.noKeyHint)
      } else if check == .signature, isUndecided {
        trace?.failed(check, comparison, hint: Self.undecidedHint)
      } else {
        trace?.passed(check, comparison)
      }
    } catch {
      rejection = rejection ?? error
      if trace == nil { return }
      let (comparison, hint) = (comparison(check, input), hint(error, check, input))
      trace?.failed(check, comparison, hint: hint)
    }
  }

  private mutating func perform(
    _ check: Check, _ token: Span<UInt8>, _ input: VerificationInput, _ keys: KeySet?
  ) throws(Rejection) {
    switch check {
    case .form: try checkForm(token)
    case .header: try checkHeader(token)
    case .type: try checkType(input)
    case .payload: try checkPayload()
    case .issuer: try checkIssuer(input)
    case .algorithm: try checkAlgorithm(input)
    case .key: chooseKey(input, keys)
    case .signature: try checkSignature(token)
    default: break
    }
  }

  // MARK: The token's form

  private mutating func checkForm(_ token: Span<UInt8>) throws(Rejection) {
    header = nil
    isPayloadRead = false
    if token.count > maximumTokenBytes {
      throw Rejection(.tokenTooLarge, "The token is longer than limits.token_bytes.")
    }
    if token.count > 0, token[0] == UInt8(ascii: "{") {
      throw Rejection(.unsupportedToken, "The token is in a JSON serialisation; only compact JWS is supported.")
    }
    if let known = facts?.payload {
      headerEnd = known.headerEnd
      payloadEnd = known.payloadEnd
      claims = known.claims
      header = known.header
      isPayloadRead = true
    } else {
      switch findDots(token) {
      case 2: break
      case 0:
        throw Rejection(
          .opaqueToken,
          "The token is not a JWT. Many providers send opaque access tokens until an API or audience is registered; in Authgear, switch on \"Issue JWT as access token\" for the application."
        )
      case 4:
        throw Rejection(
          .unsupportedToken,
          "The token is encrypted (JWE); only signed tokens are supported. In Auth0, switch JSON Web Encryption off for the API."
        )
      default:
        throw Rejection(
          .malformedToken,
          "The token does not have three segments. Opaque access tokens may have a dot, those of Google and Ory Hydra among them: see the policy's opaque."
        )
      }
      header = headerCache.find(token.extracting(..<headerEnd))
    }
    if header == nil, !Base64URL.decode(token.extracting(..<headerEnd), into: &headerBytes) {
      throw Rejection(.malformedToken, "The token's header is not canonical base64url.")
    }
    if isPayloadRead { return }
    if !Base64URL.decode(token.extracting((headerEnd + 1)..<payloadEnd), into: &claims.bytes) {
      throw Rejection(.malformedToken, "The token's payload is not canonical base64url.")
    }
    if !Base64URL.decode(token.extracting((payloadEnd + 1)...), into: &signature) {
      throw Rejection(.malformedToken, "The token's signature is not canonical base64url.")
    }
  }

  /// Looks the token up in the cache.
  ///
  /// Its name depends on every byte of it, so what is remembered is about the same bytes.
  private mutating func recall(_ token: Span<UInt8>) {
    let isNamed = tokenCache.capacity > 0 && token.count <= maximumTokenBytes
    name = isNamed ? namer.name(of: token) : nil
    facts = name.flatMap { tokenCache.facts(of: $0) }
  }

  private mutating func checkHeader(_ token: Span<UInt8>) throws(Rejection) {
    if header != nil { return }
    // A local copy of the reference: a span of the member would count as a use of the whole verifier.
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
    headerCache.insert(parsed)
    header = parsed
  }

  private mutating func checkType(_ input: VerificationInput) throws(Rejection) {
    let (kind, type) = (input.policy.tokenType, header?.type)
    if input.issuers.haveKindRules, type != .other {
      // The payload's own check reports what is wrong with it; without a payload only typ counts.
      do throws(Rejection) { try checkPayload() } catch { return try checkTypeAlone(kind, type) }
      if let profile = input.issuers.issuerIndex(of: claims).flatMap({ input.issuers[$0].profile }),
        profile.hasKindRules
      {
        // An ID token must not be typed as an access token, whatever the rules say.
        if kind == .id { try checkTypeAlone(kind, type) }
        try profile.requireKind(of: claims, kind, isTyped: type == .accessToken)
        isAccessTokenByRule = kind == .access && type != .accessToken
        return
      }
    }
    try checkTypeAlone(kind, type)
  }

  private func checkTypeAlone(_ kind: TokenType, _ type: JOSEHeader.TokenMediaType?) throws(Rejection) {
    switch (kind, type) {
    case (.access, .accessToken), (.id, nil), (.id, .jwt), (.any, nil), (.any, .jwt), (.any, .accessToken): break
    case (.access, _): throw Rejection(.wrongType, "The token's typ is not at+jwt: not a JWT access token (RFC 9068).")
    case (.id, _): throw Rejection(.wrongType, "The token's typ is not JWT: not an ID token.")
    case (.any, _): throw Rejection(.wrongType, "The token's typ is neither JWT nor at+jwt.")
    }
  }

  private mutating func checkPayload() throws(Rejection) {
    if isPayloadRead { return }
    do throws(JSONError) {
      try claims.parse()
    } catch {
      throw Rejection(
        .malformedClaims,
        error.kind == .duplicateMember
          ? "The token's payload has a claim twice." : "The token's payload is not a JSON object.")
    }
    guard claims.isObject else { throw Rejection(.malformedClaims, "The token's payload is not a JSON object.") }
    isPayloadRead = true
  }

  // MARK: Issuer, key and signature

  private mutating func checkIssuer(_ input: VerificationInput) throws(Rejection) {
    try claims.requireIssuer()
    guard let found = input.issuers.find(claims) else {
      throw Rejection(.unknownIssuer, "The token's iss is no configured issuer, compared byte for byte.", claim: "iss")
    }
    let index = input.issuers.names[found].issuerIndex
    guard input.policy.accepts(issuer: index) else {
      throw Rejection(.unknownIssuer, "The token's issuer is not one of the policy's.", claim: "iss")
    }
    keyIssuer = nil
    if input.issuers[index].profile?.hasTenants == true {
      try input.issuers.names[found].name.tenantClaims?.check(claims)
      keyIssuer = input.issuers.names[found].name.bytes
    }
    issuerIndex = index
  }

  private func checkAlgorithm(_ input: VerificationInput) throws(Rejection) {
    guard let issuerIndex, let header,
      !header.algorithms.isDisjoint(with: input.issuers[issuerIndex].algorithms)
    else {
      throw Rejection(.algorithmNotAllowed, "The token's alg is not among the issuer's algorithms.")
    }
  }

  private mutating func chooseKey(_ input: VerificationInput, _ keys: KeySet?) {
    choice = .none
    guard let issuerIndex, let header else { return }
    let algorithms = header.algorithms.intersection(input.issuers[issuerIndex].algorithms)
    choice = keys?.choose(kid: header.kid, algorithms: algorithms, issuer: keyIssuer) ?? .none
    guard case .none = choice else { return }
    missingKey = MissingKey(issuer: issuerIndex, kid: header.kid, isTried: false)
    if let name { tokenCache.forgetPayload(of: name) }
  }

  private mutating func checkSignature(_ token: Span<UInt8>) throws(Rejection) {
    switch choice {
    case .none: break
    case .one(let key, _):
      if isSigned(token, by: key) { return }
    case .several(let keys):
      // First the key that is known to have signed the token, if it is among them: each other one costs a signature
      // check.
      if let serial = facts?.keySerial, let known = keys.first(where: { $0.serial == serial }),
        isSigned(token, by: known)
      {
        return
      }
      for key in keys where isSigned(token, by: key) { return }
    }
    if isUndecided { return }
    if let name { tokenCache.forgetPayload(of: name) }
    if header?.hasNonce == true {
      throw Rejection(
        .badSignature,
        "The signature is not that of the issuer's key, and the header has a nonce: Microsoft's own APIs, such as Graph, have such tokens, which nobody else can verify. Have the client ask for a token for this API."
      )
    }
    throw Rejection(.badSignature, "The signature is not that of the issuer's key.")
  }

  private mutating func isSigned(_ token: Span<UInt8>, by key: VerificationKey) -> Bool {
    switch signature(of: token, by: key) {
    case .good:
      isUndecided = false
      return true
    case .bad: return false
    case .undecided:
      isUndecided = true
      return false
    }
  }

  private mutating func signature(of token: Span<UInt8>, by key: VerificationKey) -> SignatureOutcome {
    guard let header else { return .bad }
    if let name, let facts, facts.keySerial == key.serial {
      if facts.payload == nil { keepPayload(of: name, header) }
      goodKey = key.serial
      return .good
    }
    // A known payload skips this decoding; but the key has changed, so the signature is needed after all.
    if facts?.payload != nil, !Base64URL.decode(token.extracting((payloadEnd + 1)...), into: &signature) {
      return .bad
    }
    let message = token.extracting(..<payloadEnd)
    let outcome = key.check(signature: signature.span, over: message, algorithms: header.algorithms)
    if outcome == .good, let name { tokenCache.insert(name, keySerial: key.serial) }
    return outcome
  }

  /// Keeps the payload of a token that came a second time and so will probably come again.
  private mutating func keepPayload(of name: TokenName, _ header: JOSEHeader) {
    guard tokenCache.makeRoom(for: KnownPayload.heldBytes(header, claims)) else { return }
    tokenCache.keep(
      KnownPayload(header: header, headerEnd: headerEnd, payloadEnd: payloadEnd, claims: claims), of: name)
  }

  /// Remembers what the verdict on a repeated token depends on under this policy.
  private func settle(_ input: VerificationInput, _ issuer: Int, _ keys: KeySet) {
    guard let facts, let payload = facts.payload, facts.keySerial == goodKey, let policy = input.policy.serial,
      trace == nil
    else { return }
    payload.settled = SettledChecks(
      policy: policy, issuer: issuer, keySet: keys.serial, key: facts.keySerial,
      validity: payload.claims.validity(under: input.policy))
  }

  private func accept(
    _ input: VerificationInput, _ issuer: Int, _ header: JOSEHeader, _ claims: ClaimSet
  ) -> TokenVerdict {
    guard let expires = claims.expiry else {
      // Not reached: `exp` is required.
      return .rejected(Rejection(.missingClaim, "The token has no exp.", claim: "exp"))
    }
    return .accepted(
      VerifiedToken(
        issuer: issuer, expiresIn: expires.secondsLeft(at: input.now), isKnown: facts?.payload != nil,
        header: header, claims: claims))
  }
}
