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
  /// The header's `typ` is that of the kind of token.
  case type = "typ"
  /// The payload is an object.
  case payload
  /// `iss` is a known issuer, and one of the policy's.
  case issuer = "iss"
  /// `alg` is one that the issuer may use.
  case algorithm = "alg"
  /// The issuer has a key for it.
  case key = "kid"
  /// The signature is that key's.
  case signature
  /// Registered claims have the types that they must have.
  case shapes = "claim_types"
  /// Claims that must be there are, and those that show another kind of token are not.
  case requiredClaims = "required_claims"
  /// `exp` has not come.
  case expiry = "exp"
  /// `nbf` has come.
  case notBefore = "nbf"
  /// `iat` has come.
  case issuedAt = "iat"
  /// `aud` names who asks.
  case audience = "aud"
  /// `client_id`, else `azp`, or what the issuer has for it, is an accepted client.
  case client = "client_id"
  /// Claims have the values that the policy demands.
  case claims
  /// `nonce` is the request's.
  case nonce
  /// No `cnf`, or the policy says that it does not matter.
  case confirmation = "cnf"
  /// `acr` and `auth_time` are good enough.
  case stepUp = "step_up"
  /// All scopes are granted.
  case scope
  /// All roles are granted.
  case roles

  /// All checks in their order.
  ///
  /// The list is split once, at the shapes of claims: who brings the claims makes the checks before, and
  /// ``ClaimSet/judge(under:at:evidence:trace:)`` those from there on.
  package static let inOrder = allCases
  /// Those that need a signed token.
  package static let ofSignature = Array(inOrder.prefix { $0 != .shapes })
  /// Those that need claims only.
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
