import NIOHTTP1

/// For how long an answer asks to be left alone (RFC 9110 section 10.2.3).
enum RetryAfter {
  /// Reads `Retry-After`: seconds, or a date, which is taken against the answer's own `Date` so that clocks that
  /// differ do no harm.
  ///
  /// - Parameters:
  ///   - headers: The answer's fields.
  ///   - now: Seconds since 1970, in place of a missing or unreadable `Date`.
  /// - Returns: The time that it asks for; `nil` if it asks for none, or for what cannot be read or is over.
  static func duration(in headers: HTTPHeaders, now: Int64) -> Duration? {
    guard let field = headers.first(name: "retry-after")?.trimmingBlanks else { return nil }
    let seconds: Int64
    if !field.isEmpty, field.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      seconds = min(Int64(field) ?? .max, CacheLifetime.maximumSeconds)
    } else {
      guard let date = HTTPDate.seconds(parsing: field) else { return nil }
      seconds = date - (headers.first(name: "date").flatMap(HTTPDate.seconds) ?? now)
    }
    return seconds > 0 ? .seconds(seconds) : nil
  }
}
