/// Durations as the configuration writes them: an integer and one of `ms s m h d`, nothing between, before or after.
package enum DurationText {
  /// How the errors describe what is expected.
  package static let expectation = "an integer and one of ms, s, m, h, d, such as \"30s\""

  /// The units, longest spelling first so that `ms` is not read as `m`.
  private static let units: [(suffix: String, milliseconds: Int64)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
  ]

  /// Ten years: anything longer is a mistake, and sums of such durations cannot overflow.
  package static let longest = Duration.seconds(3_653 * 86_400)

  /// Reads a duration; `nil` if the text is not one or is longer than ``longest``.
  package static func parse(_ text: String) -> Duration? {
    for (suffix, factor) in units where text.hasSuffix(suffix) {
      let digits = text.dropLast(suffix.count)
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(digits) else {
        return nil
      }
      let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      let duration = Duration.milliseconds(milliseconds)
      return duration <= longest ? duration : nil
    }
    return nil
  }

  /// Writes a duration in the largest unit that divides it.
  package static func format(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    for (suffix, factor) in units.reversed() where milliseconds % factor == 0 && milliseconds >= factor {
      return "\(milliseconds / factor)\(suffix)"
    }
    return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
  }
}
