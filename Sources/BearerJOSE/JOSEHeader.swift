import BearerJSON

/// The parameters of a token's header that mean something here (RFC 7515 section 4.1).
///
/// Keys that a token brings along or points to (`jwk`, `jku`, `x5u`, `x5c`) are not read at all: who can write a token
/// could write those too (RFC 8725 section 3.10).
struct JOSEHeader {
  /// What `alg` may stand for; empty for one that is not in the table.
  let algorithms: AlgorithmSet
  /// `alg` as it came, for `explain`.
  let algorithmName: String
  /// The key's name; `nil` if the token names none, or an empty one.
  let kid: [UInt8]?
  /// The media type without `application/`, in lower case; `nil` if absent.
  let type: TokenMediaType?

  /// The media types that a token may declare (RFC 7515 section 4.1.9).
  enum TokenMediaType: Equatable {
    case jwt
    case accessToken
    case other
  }

  /// Reads the header that the tape has read.
  ///
  /// - Throws: `Rejection` with `invalid_header`.
  init(_ tape: JSONTape, _ bytes: Span<UInt8>) throws(Rejection) {
    guard tape.rootIsObject else { throw Rejection(.invalidHeader, "The token's header is not a JSON object.") }
    // RFC 7515 section 4.1.11: what `crit` lists must be understood. No extension is, so any `crit` is refused.
    if tape.value(of: "crit", bytes) != nil {
      throw Rejection(.invalidHeader, "The token's header has crit; no extension is supported.")
    }
    // RFC 7797 section 6 and RFC 7519 section 7: never in a JWT, in either value.
    if tape.value(of: "b64", bytes) != nil {
      throw Rejection(.invalidHeader, "The token's header has b64, which a JWT must not have.")
    }
    if tape.value(of: "zip", bytes) != nil {
      throw Rejection(.invalidHeader, "The token's header has zip, which a signed token cannot have.")
    }
    guard let algorithm = tape.value(of: "alg", bytes), let name = tape.text(algorithm, bytes) else {
      throw Rejection(.invalidHeader, "The token's header has no alg that is a string.")
    }
    algorithmName = name
    algorithms = AlgorithmSet(named: name)
    if let value = tape.value(of: "kid", bytes) {
      guard tape[value].kind == .string else {
        throw Rejection(.invalidHeader, "The token's kid is not a string.")
      }
      let name = tape.unescaped(value, bytes)
      kid = name.isEmpty ? nil : name
    } else {
      kid = nil
    }
    if let value = tape.value(of: "typ", bytes) {
      guard tape[value].kind == .string else {
        throw Rejection(.invalidHeader, "The token's typ is not a string.")
      }
      type = Self.mediaType(tape.unescaped(value, bytes))
    } else {
      type = nil
    }
  }

  private static func mediaType(_ bytes: [UInt8]) -> TokenMediaType {
    // The longest that means anything; a longer one is not worth comparing.
    guard bytes.count <= "application/at+jwt".utf8.count else { return .other }
    let lowercased = String(decoding: bytes, as: UTF8.self).lowercased()
    switch lowercased {
    case "jwt", "application/jwt": return .jwt
    case "at+jwt", "application/at+jwt": return .accessToken
    default: return .other
    }
  }
}
