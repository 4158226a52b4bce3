import BearerJSON

/// What came of one check, for a person who wants to know why a token is refused and what to change.
package struct TraceStep: Equatable, Sendable {
  /// How a check ended.
  package enum Result: String, Sendable {
    case pass
    case fail
    /// It could not be made, because what it looks at could not be read or found; or nothing demands it.
    case skip
  }

  /// The check.
  package var check: Check
  /// How it ended.
  package var result: Result
  /// What was expected, if that can be said.
  package var expected: String?
  /// What was found: `iss`, `aud`, `typ`, `alg`, `kid` and times only, never another claim's value.
  package var found: String?
  /// What to change, for a check that failed.
  package var hint: String?
}

extension Verifier {
  /// Verifies a token and tells of every check, those after the first failure included.
  ///
  /// - Parameters:
  ///   - token: Exactly the token's bytes.
  ///   - question: Policy, issuers and time.
  ///   - keys: The key set of an issuer by its index; `nil` if there is none that may be used.
  /// - Returns: One step for each check, in their order. What follows a failed signature was seen on claims that
  ///   nobody vouches for. The verdict itself is asked for by `verify`.
  package mutating func explain(
    _ token: Span<UInt8>, _ question: Question, keys: (Int) -> KeySet?
  ) -> [TraceStep] {
    var steps: [TraceStep] = []
    var failed: Set<Check> = []
    for check in Check.inOrder {
      var step = TraceStep(check: check, result: .pass)
      if Self.prerequisites(of: check).contains(where: failed.contains) {
        step.result = .skip
        failed.insert(check)
      } else if !isDemanded(check, question) {
        step.result = .skip
      } else {
        do throws(Rejection) {
          try perform(check, token, question, keys)
          if check == .key, keyNeed != nil {
            failed.insert(check)
            step.result = .fail
            step.hint = "The issuer's key set has no usable key that fits; see bearerd status for the keys it has."
          }
        } catch {
          failed.insert(check)
          step.result = .fail
          step.hint = hint(error, check, question)
        }
        (step.expected, step.found) = comparison(check, question)
      }
      steps.append(step)
    }
    return steps
  }

  /// Whether the policy or the request asks for a check at all.
  private func isDemanded(_ check: Check, _ question: Question) -> Bool {
    let demands = question.demands
    let policy = demands.policy.policy
    switch check {
    case .audience: return policy.checksAudience || demands.requestAudiences != nil
    case .client: return !policy.clients.isEmpty || policy.tokenType == .id
    case .claims: return !policy.claims.isEmpty
    case .nonce: return demands.nonce != nil
    case .confirmation: return policy.refusesSenderConstrained
    case .stepUp: return demands.maximumAge != nil || !demands.acrValues.isEmpty
    case .scope: return !demands.scopes.isEmpty
    default: return true
    }
  }

  /// What must have been read for a check to say anything.
  private static func prerequisites(of check: Check) -> [Check] {
    switch check {
    case .form: []
    case .header: [.form]
    case .type: [.header]
    case .payload: [.form]
    case .issuer: [.payload]
    case .algorithm: [.header, .issuer]
    case .key: [.algorithm]
    case .signature: [.key]
    case .shapes: [.payload]
    default: [.shapes]
    }
  }

  // MARK: What people see

  private func comparison(_ check: Check, _ question: Question) -> (expected: String?, found: String?) {
    let policy = question.demands.policy.policy
    let leeway = policy.leeway.components.seconds
    switch check {
    case .form: return ("three segments of base64url, at most \(maximumTokenBytes) bytes", nil)
    case .header: return (nil, nil)
    case .type:
      let expected =
        switch policy.tokenType {
        case .access: "at+jwt"
        case .id: "JWT, or none"
        case .any: "JWT, at+jwt, or none"
        }
      return (expected, header?.typeName.map(Self.shortened) ?? "none")
    case .payload: return ("a JSON object", nil)
    case .issuer:
      let urls = question.issuers.filter { policy.issuers.contains($0.name) }.map(\.url)
      return (urls.joined(separator: " or "), claims.issuer.flatMap(text))
    case .algorithm:
      guard let issuerIndex else { return (nil, header?.algorithmName) }
      let names = question.issuers[issuerIndex].algorithms.algorithms.map(\.rawValue)
      return (names.joined(separator: ", "), header.map { Self.shortened($0.algorithmName) })
    case .key: return (nil, header?.kidName.map(Self.shortened) ?? "none")
    case .signature, .shapes, .requiredClaims, .claims, .nonce: return (nil, nil)
    case .expiry: return ("after \(question.now.seconds - leeway)", time(claims.expiry, question))
    case .notBefore: return ("not after \(question.now.seconds + leeway)", time(claims.notBefore, question))
    case .issuedAt: return ("not after \(question.now.seconds + leeway)", time(claims.issuedAt, question))
    case .audience:
      let wanted = (policy.checksAudience ? policy.audiences : [])
      let also = question.demands.requestAudiences?.map { String(decoding: $0, as: UTF8.self) } ?? []
      let expected = [wanted, also].filter { !$0.isEmpty }.map { $0.joined(separator: " or ") }
      return (
        expected.isEmpty ? "any (audience_check is off)" : expected.joined(separator: ", and "),
        claims.audience.map(source) ?? "none"
      )
    case .client: return (policy.clients.isEmpty ? nil : policy.clients.joined(separator: " or "), nil)
    case .confirmation: return (policy.refusesSenderConstrained ? "no cnf" : nil, nil)
    case .stepUp:
      var expected: [String] = []
      if let age = question.demands.maximumAge {
        expected.append("auth_time not before \(question.now.seconds.subtractingSaturated(age + leeway))")
      }
      let classes = question.demands.acceptedACRValues
      if !classes.isEmpty { expected.append("acr \(classes.joined(separator: " or "))") }
      return (
        expected.isEmpty ? nil : expected.joined(separator: ", "),
        question.demands.maximumAge == nil ? nil : time(claims.authenticationTime, question)
      )
    case .scope:
      let scopes = question.demands.scopes
      return (scopes.isEmpty ? nil : scopes.joined(separator: " "), nil)
    }
  }

  private func text(_ index: Int) -> String? { payload.text(index, payloadBytes.span).map(Self.shortened) }

  private func source(_ index: Int) -> String {
    var line: [UInt8] = []
    payload.appendSource(index, payloadBytes.span, to: &line)
    return Self.shortened(String(decoding: line, as: UTF8.self))
  }

  private func time(_ time: ClaimedTime, _ question: Question) -> String {
    switch time {
    case .absent: return "none"
    case .unreadable: return "no date"
    case .at(let date):
      let difference = date.seconds - question.now.seconds
      let relation = difference < 0 ? "\(-difference) s ago" : "in \(difference) s"
      return "\(date.seconds) (\(relation))"
    }
  }

  /// Long enough to recognise a value, short enough for a reply.
  private static func shortened(_ text: String) -> String {
    text.utf8.count <= 256 ? text : String(text.unicodeScalars.prefix(80)) + "…"
  }

  private func hint(_ rejection: Rejection, _ check: Check, _ question: Question) -> String {
    switch (rejection.code, check) {
    case (.wrongType, .type):
      "If the issuer's access tokens have no typ at+jwt, set token_type = \"any\" in the policy; for ID tokens \"id\"."
    case (.unknownIssuer, _):
      isIssuerButForSlash(question)
        ? "The issuer's url differs from iss by a trailing slash only; write url exactly as iss."
        : "Add an [issuer] whose url is exactly the iss found, and name it in the policy's issuers."
    case (.algorithmNotAllowed, _): "If the issuer is meant to sign with it, add it to the issuer's algorithms."
    case (.badSignature, _): "The token was changed or signed with another key. Do not trust it."
    case (.missingClaim, _), (.malformedClaims, .shapes):
      "The claim \(rejection.claim ?? "") is what to look at; token_type = \"any\" requires least."
    case (.expired, _): "The client must get a new token. If the clocks differ, mend that; leeway is at most 5m."
    case (.notYetValid, _), (.issuedInFuture, _): "Compare the clocks of this host and of the issuer."
    case (.wrongAudience, _):
      "Have the client ask for a token for this audience, or add the audience found to the policy's audiences."
    case (.wrongClient, _): "Add the client to the policy's clients, if it may come here."
    case (.claimMismatch, _): "See the policy's claims for \(rejection.claim ?? "the claim")."
    case (.wrongNonce, _): "The token answers another authentication request."
    case (.proofRequired, _): "Set sender_constraint = \"ignore\" only if something else checks the proof."
    case (.insufficientUserAuthentication, _): "Send www_authenticate to the client: the user must authenticate again."
    case (.insufficientScope, _): "The client must ask for the scope, and the user or issuer grant it."
    default: rejection.detail.text.description
    }
  }
}

extension Int64 {
  /// The difference, at least the smallest value there is.
  fileprivate func subtractingSaturated(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? .min : difference
  }
}
