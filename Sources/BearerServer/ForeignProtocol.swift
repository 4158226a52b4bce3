// An attacker may make a browser, or a service that fetches URLs, send HTTP to the socket; the lines after its head are
// the attacker's and must not be taken for requests. So a connection ends with its first line if that is no JSON object
// (``LineOutcome/notAnObject``). Two cases must be noticed before a line ends: TLS has no lines, and the sender of a
// long HTTP request would wait for an answer to a line that it has not finished.

/// Tells from the beginning of a connection whether it speaks HTTP or TLS instead of JSON lines.
enum ForeignProtocol {
  /// What the first bytes say.
  enum Guess: Equatable {
    /// HTTP or TLS.
    case foreign
    /// Neither.
    case native
    /// Too few bytes to tell.
    case undecided
  }

  private static let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PRI"]
    .map { Array($0.utf8) + [UInt8(ascii: " ")] }

  /// Judges by the first bytes, before a line has ended: a TLS handshake record, or a common HTTP method and a space.
  static func judge(beginning: ArraySlice<UInt8>) -> Guess {
    let head = beginning.drop { $0 == 0x0A || $0 == 0x0D }.prefix(8)
    guard let first = head.first else { return .undecided }
    if first == 0x16 {
      guard let second = head.dropFirst().first else { return .undecided }
      return second == 0x03 ? .foreign : .native
    }
    guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return .native }
    if methods.contains(where: { head.starts(with: $0) }) { return .foreign }
    return .undecided
  }
}
