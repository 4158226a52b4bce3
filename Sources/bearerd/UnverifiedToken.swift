import BearerJOSE
import BearerJSON

/// What a token says, unverified: for display, and to find its issuer in the configuration.
struct UnverifiedToken {
  /// What kind of text it is (RFC 7519 section 3, RFC 7516 section 9), told by its form alone.
  enum Form: Equatable {
    /// Three segments of base64url, of which the first two are JSON objects.
    case jwt
    /// Five segments: encrypted.
    case jwe
    /// No dot in it: only its issuer knows what it means.
    case opaque
    /// Neither of these.
    case other
  }

  let form: Form
  /// The header's parameters; empty unless it is a JWT.
  let header: JSONObject
  /// The claims; empty unless it is a JWT.
  let claims: JSONObject

  init(_ token: String) {
    let segments = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let objects = segments.prefix(2).map { Self.object($0) }
    if segments.count == 3, let header = objects[0], let claims = objects[1] {
      (form, self.header, self.claims) = (.jwt, header, claims)
      return
    }
    form =
      switch segments.count {
      case 1: .opaque
      case 5 where objects[0] != nil: .jwe
      default: .other
      }
    (header, claims) = ([:], [:])
  }

  private static func object(_ segment: Substring.UTF8View) -> JSONObject? {
    var bytes: [UInt8] = []
    guard Base64URL.decode(Array(segment).span, into: &bytes) else { return nil }
    // A segment that cannot be read makes it no JWT here; the daemon says why.
    return (try? JSONValue(parsing: bytes))?.objectValue
  }

  /// `iss`, if it is a string.
  var issuer: String? { claims["iss"]?.stringValue }

  /// The values of `aud`, which is a string or a list of them (RFC 7519 section 4.1.3).
  var audiences: [String] {
    claims["aud"]?.stringValue.map { [$0] } ?? claims["aud"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  /// Whether it looks like an ID token: it has what only those have (OpenID Connect Core 1.0 sections 2 and 3.3.2.11).
  var looksLikeIDToken: Bool {
    claims["nonce"] != nil || claims["at_hash"] != nil || claims["c_hash"] != nil
      || claims["token_use"]?.stringValue == "id" || claims["typ"]?.stringValue == "ID"
  }
}
