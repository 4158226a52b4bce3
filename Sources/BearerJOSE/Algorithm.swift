/// A signature algorithm that a verifier may accept (RFC 7518 section 3.1, RFC 8037, RFC 9864).
///
/// This is the one table: names, key types, curves and schemes are looked up here and nowhere else. HMAC and `none`
/// have no entry, so nothing can be configured or sent that selects them.
package enum Algorithm: String, CaseIterable, Sendable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case ps256 = "PS256"
  case ps384 = "PS384"
  case ps512 = "PS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"
  /// Ed25519 under either of its names: `EdDSA` (RFC 8037) with an Ed25519 key, or `Ed25519` (RFC 9864).
  case ed25519 = "Ed25519"
  /// Ed448 under either of its names: `EdDSA` (RFC 8037) with an Ed448 key, or `Ed448` (RFC 9864).
  case ed448 = "Ed448"
}
