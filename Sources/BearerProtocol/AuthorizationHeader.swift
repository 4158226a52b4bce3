/// The value of an `Authorization` header (RFC 9110 section 11.6.2), read for a bearer token (RFC 6750 section 2.1).
package enum AuthorizationHeader {
  /// What such a value holds.
  package enum Content: Equatable, Sendable {
    /// Where the token stands in the value.
    case bearer(Range<Int>)
    /// No credentials, or credentials of another scheme.
    case noToken
    /// More than one set of credentials, one of them a bearer token.
    case several
  }

  /// Finds the token; the scheme is compared without case, and spaces around are no part of it.
  package static func read(_ value: [UInt8]) -> Content {
    var elements = 1
    var bearers = 0
    var token: Range<Int>?
    var start = 0
    for at in 0...value.count where at == value.count || value[at] == UInt8(ascii: ",") {
      if at < value.count { elements += 1 }
      if let range = bearerToken(value, start..<at) {
        bearers += 1
        token = range
      }
      start = at + 1
    }
    guard bearers > 0, let token else { return .noToken }
    if elements > 1 { return .several }
    return token.isEmpty ? .noToken : .bearer(token)
  }

  private static func bearerToken(_ value: [UInt8], _ range: Range<Int>) -> Range<Int>? {
    let scheme: StaticString = "bearer"
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, isSpace(value[start]) { start += 1 }
    while end > start, isSpace(value[end - 1]) { end -= 1 }
    guard end - start >= scheme.utf8CodeUnitCount else { return nil }
    for offset in 0..<scheme.utf8CodeUnitCount where value[start + offset] | 0x20 != scheme.utf8Start[offset] {
      return nil
    }
    start += scheme.utf8CodeUnitCount
    guard start < end else { return start..<start }
    guard isSpace(value[start]) else { return nil }
    while start < end, isSpace(value[start]) { start += 1 }
    return start..<end
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
