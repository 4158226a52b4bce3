import BearerClaims
import BearerJSON

/// The parameters of a token's header that bearerd uses (RFC 7515 section 4.1).
///
/// Keys that a token brings along or points to (`jwk`, `jku`, `x5u`, `x5c`) are not read at all: an attacker who writes
/// a token could write those, too (RFC 8725 section 3.10).
final class JOSEHeader: Sendable {
  /// What `alg` may stand for; empty for one that is not in the table.
  let algorithms: AlgorithmSet
  /// `alg` as it came, for `explain`.
  let algorithmName: String
  /// The key's name; `nil` if the token names none, or an empty one.
  let kid: [UInt8]?
  /// The media type without `application/`, in lower case; `nil` if absent.
  let type: TokenMediaType?

  /// The header's segment as it stands in the token.
  let segment: [UInt8]
  /// `alg`, `kid` and `typ` as a JSON object, for replies.
  ///
  /// The others are left out on purpose: a caller must not find a key or an address there that nobody has checked.
  let shown: [UInt8]
  /// `typ` and `kid` as they came, for `explain`.
  let typeName: String?
  let kidName: String?

  /// Whether it has a `nonce`, which matters to the text about a bad signature.
  let hasNonce: Bool

  /// The media types that a token may declare (RFC 7515 section 4.1.9).
  enum TokenMediaType: Equatable {
    case jwt
    case accessToken
    case other
  }

  /// The most bytes of memory that it takes: the object, and its arrays and texts with what malloc adds to each.
  let heldBytes: Int

  /// Reads the header of a segment that the tape has read.
  ///
  /// - Throws: `Rejection` with `invalid_header`.
  init(_ segment: Span<UInt8>, _ tape: JSONTape, _ bytes: Span<UInt8>) throws(Rejection) {
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
      kidName = tape.text(value, bytes)
    } else {
      kid = nil
      kidName = nil
    }
    if let value = tape.value(of: "typ", bytes) {
      guard tape[value].kind == .string else {
        throw Rejection(.invalidHeader, "The token's typ is not a string.")
      }
      type = Self.mediaType(tape.unescaped(value, bytes))
      typeName = tape.text(value, bytes)
    } else {
      type = nil
      typeName = nil
    }
    hasNonce = tape.value(of: "nonce", bytes) != nil
    var copy: [UInt8] = []
    copy.append(segment)
    self.segment = copy
    shown = Self.shown(tape, bytes)
    let texts = [algorithmName, typeName ?? "", kidName ?? ""].reduce(0) { $0 + $1.utf8.count }
    heldBytes = 160 + 6 * 56 + segment.count + shown.count + (kid?.count ?? 0) + texts
  }

  private static func shown(_ tape: JSONTape, _ bytes: Span<UInt8>) -> [UInt8] {
    var shown: [UInt8] = []
    for name: StaticString in ["alg", "kid", "typ"] {
      guard let value = tape.value(of: name, bytes) else { continue }
      shown.append(json: shown.isEmpty ? "{\"" : ",\"")
      shown.append(json: name)
      shown.append(json: "\":")
      tape.appendSource(value, bytes, to: &shown)
    }
    shown.append(json: "}")
    return shown
  }

  private static func mediaType(_ bytes: [UInt8]) -> TokenMediaType {
    // No type that means anything is longer.
    guard bytes.count <= "application/at+jwt".utf8.count else { return .other }
    let lowercased = String(decoding: bytes, as: UTF8.self).lowercased()
    switch lowercased {
    case "jwt", "application/jwt": return .jwt
    case "at+jwt", "application/at+jwt": return .accessToken
    default: return .other
    }
  }
}
