import BearerJSON

/// The form of a token, told from its bytes and never by trying one form after the other.
package enum TokenForm: Equatable, Sendable {
  /// Three segments of which the first is a JOSE header (RFC 7515 section 7.1), or text that begins like JSON.
  case jwt
  /// Five segments (RFC 7516 section 7.1).
  case encrypted
  /// Anything else.
  case opaque

  /// The form of these bytes.
  package init(_ token: Span<UInt8>) {
    if token.count > 0, token[0] == UInt8(ascii: "{") {
      self = .jwt
      return
    }
    var dots = 0
    var firstDot = 0
    for at in 0..<token.count where token[at] == UInt8(ascii: ".") {
      dots += 1
      if dots == 1 { firstDot = at }
    }
    switch dots {
    case 2: self = Self.isHeader(token.extracting(..<firstDot)) ? .jwt : .opaque
    case 4: self = .encrypted
    default: self = .opaque
    }
  }

  private static func isHeader(_ segment: Span<UInt8>) -> Bool {
    // `{"` in base64url, so it was meant as a JWT; a bad one must not cost a question to a back-end.
    if segment.count >= 3, segment[0] == UInt8(ascii: "e"), segment[1] == UInt8(ascii: "y"),
      segment[2] == UInt8(ascii: "J")
    {
      return true
    }
    var bytes: [UInt8] = []
    var tape = JSONTape()
    // Any error means that it is not a header.
    guard Base64URL.decode(segment, into: &bytes), (try? tape.read(bytes.span)) != nil else { return false }
    return tape.rootIsObject
  }
}
