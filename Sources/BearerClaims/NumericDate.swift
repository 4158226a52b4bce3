package import BearerJSON

/// A point in time as JSON Web Tokens carry it (RFC 7519 section 2), in microseconds since 1970-01-01T00:00:00Z.
///
/// Fractions of a second are legal; beyond the sixth digit they are cut off. A value outside the years 1970 to 9999 is
/// refused: usually it is in milliseconds, and read as seconds it would make a token valid for 50,000 years.
package struct NumericDate: Comparable, Hashable, Sendable {
  /// The last second of the year 9999.
  package static let maximumSeconds: Int64 = 253_402_300_799

  /// Microseconds since the epoch.
  package let microseconds: Int64

  /// A date from microseconds since the epoch.
  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// A date from seconds since the epoch, which must be within ±292,000 years.
  package init(seconds: Int64) {
    microseconds = seconds * 1_000_000
  }

  /// A date from a number node of a tape, or `nil` if it is not a number or out of range.
  package init?(_ tape: JSONTape, _ index: Int, _ bytes: Span<UInt8>) {
    let node = tape[index]
    guard node.kind == .number, let value = Self.microseconds(bytes.extracting(Int(node.start)..<Int(node.end))) else {
      return nil
    }
    microseconds = value
  }

  /// The date `later` microseconds later, or the last possible date.
  package func adding(microseconds later: Int64) -> NumericDate {
    let (sum, carry) = microseconds.addingReportingOverflow(later)
    return NumericDate(microseconds: carry ? .max : sum)
  }

  /// The date `duration` later, or the last possible date.
  package func adding(_ duration: Duration) -> NumericDate { adding(microseconds: duration.microseconds) }

  /// Whole seconds since the epoch, rounded towards the past.
  package var seconds: Int64 {
    microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
  }

  /// Whole seconds from `now` to this date; never negative, although leeway accepts a token after its end.
  package func secondsLeft(at now: NumericDate) -> Int64 { max(0, seconds - now.seconds) }

  package static func < (left: NumericDate, right: NumericDate) -> Bool { left.microseconds < right.microseconds }

  /// Reads a JSON number in any spelling without going through floating point, which would round it.
  private static func microseconds(_ text: Span<UInt8>) -> Int64? {
    var at = 0
    let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
    if isNegative { at = 1 }
    var digits: Int64 = 0
    var exponent = 6
    var isFraction = false
    reading: while at < text.count {
      switch text[at] {
      case 0x30...0x39:
        if digits < 100_000_000_000_000_000 {
          digits = digits * 10 + Int64(text[at] - 0x30)
          if isFraction { exponent -= 1 }
        } else if !isFraction {
          exponent += 1
        }
      case UInt8(ascii: "."): isFraction = true
      default: break reading
      }
      at += 1
    }
    if at < text.count { exponent += writtenExponent(text, from: at + 1) }
    guard digits != 0 else { return 0 }
    guard !isNegative else { return nil }
    while exponent > 0 {
      let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      digits = product
      exponent -= 1
    }
    while exponent < 0, digits > 0 {
      digits /= 10
      exponent += 1
    }
    return digits <= maximumSeconds * 1_000_000 ? digits : nil
  }

  /// The exponent after `e`, cut to a size at which larger ones make no difference.
  private static func writtenExponent(_ text: Span<UInt8>, from start: Int) -> Int {
    var at = start
    let isNegative = at < text.count && text[at] == UInt8(ascii: "-")
    var value = 0
    while at < text.count {
      if text[at] &- 0x30 < 10 { value = min(value * 10 + Int(text[at] - 0x30), 100_000) }
      at += 1
    }
    return isNegative ? -value : value
  }
}

extension Duration {
  /// The duration in whole microseconds, at most `Int64.max`.
  var microseconds: Int64 {
    let (seconds, attoseconds) = components
    let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, carry) = microseconds.addingReportingOverflow(attoseconds / 1_000_000_000_000)
    return overflow || carry ? .max : sum
  }
}
