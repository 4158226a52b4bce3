import BearerAddress
import BearerJSON
import BearerKeys
import NIOHTTP1

/// A whole response, with a status that the request accepts.
struct HTTPAnswer: Sendable {
  /// What was asked.
  var address: WebAddress
  /// The status.
  var status: Int
  /// The header fields.
  var headers: HTTPHeaders
  /// The body, within its bound; empty for a status whose body is not wanted, such as 304.
  var body: [UInt8]

  /// What to send next time to ask whether the body changed.
  var validators: FetchValidators {
    FetchValidators(etag: entityTag, lastModified: headers.first(name: "last-modified"))
  }

  /// The field `ETag`, if it is one entity tag (RFC 9110 section 8.8.3).
  ///
  /// Sent back in `If-None-Match`, a `*` or a list could match whatever the provider has then: a withdrawn key would
  /// stay.
  private var entityTag: String? {
    guard let field = headers.first(name: "etag") else { return nil }
    let bytes = Array(field.utf8)
    let tag = bytes.starts(with: "W/".utf8) ? bytes.dropFirst(2) : bytes[...]
    guard tag.count >= 2, tag.first == UInt8(ascii: "\""), tag.last == UInt8(ascii: "\"") else { return nil }
    return tag.dropFirst().dropLast().contains(UInt8(ascii: "\"")) ? nil : field
  }

  /// The lifetime that the header fields give it.
  ///
  /// - Parameter now: Seconds since 1970, for a response without `Date`.
  /// - Returns: The lifetime left, or `nil` if the fields state none.
  func lifetime(now: Int64) -> Duration? {
    CacheLifetime.remaining(
      cacheControl: headers["cache-control"], age: headers.first(name: "age"), expires: headers.first(name: "expires"),
      date: headers.first(name: "date"), now: now)
  }
}
