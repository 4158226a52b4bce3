import BearerJSON

/// The headers seen last, with their meaning: nearly all tokens of an issuer have the same one.
///
/// Anybody can send headers; a few places are enough for those that come again and again, and bound the rest.
struct HeaderCache {
  private static let capacity = 8

  private var headers: [JOSEHeader] = []
  private var next = 0

  /// The header of a token's first segment, if it is known.
  func find(_ segment: Span<UInt8>) -> JOSEHeader? {
    for header in headers {
      let known = header.segment
      if known.span.holdsSame(as: segment) { return header }
    }
    return nil
  }

  /// Remembers a header in place of the one that came first.
  mutating func insert(_ header: JOSEHeader) {
    if headers.count < Self.capacity {
      headers.append(header)
    } else {
      headers[next] = header
      next = (next + 1) % Self.capacity
    }
  }
}
