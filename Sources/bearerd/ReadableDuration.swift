/// Spans of time as people say them.
enum ReadableDuration {
  /// `3d 4h`, `2m 5s`, `7s`: the two largest units.
  static func text(seconds: Int64) -> String {
    guard seconds >= 0 else { return "\(seconds)s" }
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
    guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0s" }
    return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined(separator: " ")
  }
}
