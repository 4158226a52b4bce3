import BearerClaims
import BearerJSON

/// The texts of `explain` about the checks that need a signed token.
extension Verifier {
  static let noKeyHint = "The issuer's key set has no usable key that fits; see bearerd status for the keys it has."
  static let undecidedHint = "libcrypto could not check it, probably for want of memory; the token may be good."

  func comparison(_ check: Check, _ input: VerificationInput) -> TraceStep.Comparison {
    switch check {
    case .form: return ("three segments of base64url, at most \(maximumTokenBytes) bytes", nil)
    case .type:
      let expected =
        switch input.policy.tokenType {
        case .access: input.issuers.haveKindRules ? "at+jwt, or what the issuer's access_token_if says" : "at+jwt"
        case .id: "JWT, or none"
        case .any: "JWT, at+jwt, or none"
        }
      return (expected, header?.typeName.map(Trace.shortened) ?? "none")
    case .payload: return ("a JSON object", nil)
    case .issuer:
      let urls = input.issuers.indices.filter(input.policy.accepts).flatMap { input.issuers[$0].names.map(\.text) }
      return (urls.joined(separator: " or "), claims.issuer.map(Trace.shortened))
    case .algorithm:
      guard let issuerIndex else { return (nil, header?.algorithmName) }
      let names = input.issuers[issuerIndex].algorithms.algorithms.map(\.rawValue)
      return (names.joined(separator: ", "), header.map { Trace.shortened($0.algorithmName) })
    case .key: return (nil, header?.kidName.map(Trace.shortened) ?? "none")
    default: return (nil, nil)
    }
  }

  /// What to change so that the check passes.
  func hint(_ rejection: Rejection, _ check: Check, _ input: VerificationInput) -> String {
    switch (rejection.code, check) {
    case (.token(.opaqueToken), .form):
      "Have the client get a JWT, if the issuer has them; or have the issuer asked about opaque tokens: opaque = true in the policy, and the issuer's introspection table."
    case (.token(.wrongType), _):
      rejection.claim.map { "Only tokens of another kind have \($0)." } ?? wrongTypeHint(input)
    case (.token(.unknownIssuer), _) where rejection.claim != "iss":
      "The claim \(rejection.claim ?? "") does not go with iss. Do not trust the token."
    case (.token(.unknownIssuer), _):
      input.issuers.contains { $0.url.differsBySlash(from: claims.issuer ?? "") }
        ? "The issuer's url differs from iss by a trailing slash only; write url exactly as iss."
        : "Add an [issuer] whose url is exactly the iss found, and name it in the policy's issuers."
    case (.token(.algorithmNotAllowed), _) where header?.algorithms.isEmpty == true:
      "No setting allows this alg. Have the issuer sign with one of the algorithms expected."
    case (.token(.algorithmNotAllowed), _): "If the issuer is meant to sign with it, add it to the issuer's algorithms."
    case (.token(.badSignature), _) where header?.hasNonce == true: rejection.detail.text.description
    case (.token(.badSignature), _): "The token was changed or signed with another key. Do not trust it."
    case (.token(.missingClaim), _):
      "Every token must have \(rejection.claim ?? ""). Only the issuer can mend that."
    default: rejection.detail.text.description
    }
  }

  private func wrongTypeHint(_ input: VerificationInput) -> String {
    if header?.type == .other { return "What has this typ is of another kind, which no token_type takes." }
    if input.issuers.issuerIndex(of: claims).flatMap({ input.issuers[$0].profile?.hasKindRules }) == true {
      return
        "The issuer's access_token_if and id_token_if tell its tokens apart: look whether this is the kind that the policy's token_type wants."
    }
    return input.policy.tokenType == .id
      ? "Have the client send its ID token; for access tokens leave token_type out of the policy."
      : "If the issuer's access tokens have no typ at+jwt, say in its access_token_if what tells them; for ID tokens set token_type = \"id\"."
  }
}
