import BearerJSON

/// The headers seen last, already read: nearly all tokens of an issuer have the same one.
///
/// Anybody can send headers, so only a few are kept.
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

  /// Remembers a header in place of the oldest one.
  mutating func insert(_ header: JOSEHeader) {
    if headers.count < Self.capacity {
      headers.append(header)
    } else {
      headers[next] = header
      next = (next + 1) % Self.capacity
    }
  }
}
