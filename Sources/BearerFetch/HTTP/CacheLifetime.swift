/// How long a response says that it may be used (RFC 9111 sections 4.2 and 5).
///
/// The rules are those of a private cache: `s-maxage` and `private` mean nothing here. If directives contradict each
/// other, the shortest lifetime counts; the refresh rules set a minimum.
package enum CacheLifetime {
  /// Longer lifetimes count as this one, in seconds (RFC 9111 section 1.2.2).
  static let maximumSeconds: Int64 = 1 << 31

  /// The lifetime left when the response arrived.
  ///
  /// - Parameters:
  ///   - cacheControl: The values of all `Cache-Control` fields.
  ///   - age: The `Age` field.
  ///   - expires: The `Expires` field.
  ///   - date: The `Date` field.
  ///   - now: Seconds since 1970, in place of a missing or unreadable `Date`.
  /// - Returns: The lifetime; zero for `no-store`, `no-cache` and an unreadable one; `nil` if no field states one.
  package static func remaining(
    cacheControl: [String], age: String? = nil, expires: String? = nil, date: String? = nil, now: Int64
  ) -> Duration? {
    var stated: Int64?
    for (name, value) in cacheControl.flatMap(directives) {
      switch name {
      case "no-store": stated = 0
      // `no-cache="Set-Cookie"` is about those fields only (RFC 9111 section 5.2.2.4).
      case "no-cache" where value == nil: stated = 0
      case "max-age": stated = min(stated ?? maximumSeconds, deltaSeconds(value ?? "") ?? 0)
      default: break
      }
    }
    if stated == nil, let expires {
      let origin = date.flatMap(HTTPDate.seconds) ?? now
      // An `Expires` that is no date, `0` above all, means the past (RFC 9111 section 5.3).
      stated = HTTPDate.seconds(parsing: expires).map { min(max(0, $0 - origin), maximumSeconds) } ?? 0
    }
    guard let stated else { return nil }
    // In a list of ages the first counts (RFC 9111 section 5.1).
    let firstAge = age.map { Array($0.utf8.prefix { $0 != UInt8(ascii: ",") }) }
    let spent = firstAge.flatMap { deltaSeconds(String(decoding: trimmed($0[...], of: " \t"), as: UTF8.self)) } ?? 0
    return .seconds(max(0, stated - spent))
  }

  /// Reads delta-seconds (RFC 9111 section 1.2.2): digits only, capped at ``maximumSeconds``.
  static func deltaSeconds(_ text: String) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return min(Int64(text) ?? maximumSeconds, maximumSeconds)
  }

  /// Splits a field at the commas outside quotes; names in lower case, values without quotes.
  ///
  /// By bytes: as a `Character`, a comma with a combining mark after it would be no comma.
  private static func directives(_ field: String) -> [(name: String, value: String?)] {
    var pieces: [[UInt8]] = [[]]
    var isQuoted = false
    var isEscaped = false
    for byte in field.utf8 {
      if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
      isEscaped = isQuoted && byte == UInt8(ascii: "\\") && !isEscaped
      if byte == UInt8(ascii: ","), !isQuoted {
        pieces.append([])
      } else {
        pieces[pieces.count - 1].append(byte)
      }
    }
    return pieces.map { piece in
      let parts = piece.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map { trimmed($0, of: " \t") } ?? []
      return (
        name.count <= longestDirective ? String(decoding: name, as: UTF8.self).lowercased() : "",
        parts.count == 2 ? String(decoding: trimmed(parts[1], of: " \t\""), as: UTF8.self) : nil
      )
    }
  }

  /// Names over this many bytes mean nothing here and are not compared.
  private static let longestDirective = 16

  private static func trimmed(_ text: ArraySlice<UInt8>, of bytes: String) -> ArraySlice<UInt8> {
    let bytes = Array(bytes.utf8)
    var rest = text.drop { bytes.contains($0) }
    while let last = rest.last, bytes.contains(last) { rest.removeLast() }
    return rest
  }
}
