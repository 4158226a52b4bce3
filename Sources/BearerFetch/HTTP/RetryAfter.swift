import NIOHTTP1

/// How long a server asks to wait before the next request (RFC 9110 section 10.2.3).
enum RetryAfter {
  /// Reads `Retry-After`: seconds, or a date, which is compared with the answer's own `Date` so that a difference of
  /// clocks does no harm.
  ///
  /// - Parameters:
  ///   - headers: The answer's fields.
  ///   - now: Seconds since 1970, in place of a missing or unreadable `Date`.
  /// - Returns: The wait; `nil` if the field is missing, unreadable or in the past.
  static func duration(in headers: HTTPHeaders, now: Int64) -> Duration? {
    guard let field = headers.first(name: "retry-after")?.trimmingBlanks else { return nil }
    let seconds: Int64
    if let stated = CacheLifetime.deltaSeconds(field) {
      seconds = stated
    } else {
      guard let date = HTTPDate.seconds(parsing: field) else { return nil }
      seconds = date - (headers.first(name: "date").flatMap(HTTPDate.seconds) ?? now)
    }
    return seconds > 0 ? .seconds(seconds) : nil
  }
}
