/// The checks of a token, in the order in which they are made: the first that fails is the answer.
///
/// Form comes before meaning, the signature before any claim that is trusted, and whatever is true for every request
/// (the token's own claims) before what only this request demands. RFC 7519 section 7.2, RFC 9068 section 4, OpenID
/// Connect Core 1.0 section 3.1.3.7, RFC 8725 section 3.
package enum Check: String, CaseIterable, Sendable {
  /// Size, three segments of canonical base64url.
  case form
  /// The header is an object whose parameters are understood.
  case header
  /// The header's `typ` fits the kind of token that the policy accepts.
  case type = "typ"
  /// The payload is an object.
  case payload
  /// `iss` is a known issuer, and one of the policy's.
  case issuer = "iss"
  /// `alg` is one that the issuer may use.
  case algorithm = "alg"
  /// The issuer has a key for the token's `kid` and `alg`.
  case key = "kid"
  /// The signature is valid under that key.
  case signature
  /// Registered claims have the types that they must have.
  case shapes = "claim_types"
  /// Required claims are present, and no claim shows another kind of token.
  case requiredClaims = "required_claims"
  /// `exp` has not passed.
  case expiry = "exp"
  /// `nbf` has passed.
  case notBefore = "nbf"
  /// `iat` is not in the future.
  case issuedAt = "iat"
  /// `aud` holds an accepted audience.
  case audience = "aud"
  /// The client (the issuer's `client_claims`, else `client_id` or `azp`) is accepted.
  case client = "client_id"
  /// Claims have the values that the policy demands.
  case claims
  /// `nonce` equals the request's.
  case nonce
  /// `cnf` is absent, or the policy accepts sender-constrained tokens.
  case confirmation = "cnf"
  /// `acr` and `auth_time` are good enough (RFC 9470).
  case stepUp = "step_up"
  /// All demanded scopes are granted.
  case scope
  /// All demanded roles are granted.
  case roles

  /// All checks in their order.
  ///
  /// The list is split at ``shapes``: a verifier of signatures makes the checks before it, and
  /// ``ClaimSet/judge(under:at:evidence:trace:)`` makes the others.
  package static let inOrder = allCases
  /// The checks that need a signed token.
  package static let ofSignature = Array(inOrder.prefix { $0 != .shapes })
  /// The checks that need only claims.
  static let ofClaims = Array(inOrder.drop { $0 != .shapes })

  /// What must have passed for this check to say anything.
  var prerequisites: [Check] {
    switch self {
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
}
