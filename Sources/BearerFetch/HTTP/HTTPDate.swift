/// Dates of HTTP headers (RFC 9110 section 5.6.7): the current form and the two obsolete ones that must be read.
package enum HTTPDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// Seconds since 1970-01-01 00:00 UTC; `nil` if the text is no date.
  package static func seconds(parsing text: String) -> Int64? {
    // "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"
    guard text.utf8.count <= 64 else { return nil }
    let words = text.split { $0 == " " || $0 == "," || $0 == "-" }
    guard words.count == 5 || words.count == 6 else { return nil }
    let isObsoleteC = words.count == 5
    if !isObsoleteC && words[5] != "GMT" { return nil }
    guard let month = months.firstIndex(of: String(words[isObsoleteC ? 1 : 2])),
      let day = number(words[isObsoleteC ? 2 : 1], 1...31), var year = number(words[isObsoleteC ? 4 : 3], 0...9999)
    else { return nil }
    if words[isObsoleteC ? 4 : 3].utf8.count == 2 { year += year < 70 ? 2000 : 1900 }
    let clock = words[isObsoleteC ? 3 : 4].split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
      let second = number(clock[2], 0...60)
    else { return nil }
    return days(year: year, month: month + 1, day: day) * 86_400 + hour * 3600 + minute * 60 + second
  }

  private static func number(_ text: Substring, _ range: ClosedRange<Int64>) -> Int64? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(text), range.contains(value) else {
      return nil
    }
    return value
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar; years count from March, so that the leap day is last.
  private static func days(year: Int64, month: Int, day: Int64) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let leapDays = floorDivide(shifted, 4) - floorDivide(shifted, 100) + floorDivide(shifted, 400)
    return shifted * 365 + leapDays + dayOfYear - 719_468
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
  }
}
