internal import NIOCore

// A browser, or a service that can be made to fetch a URL, may be aimed at the socket; the lines after an HTTP head are
// under the attacker's control and must not be taken for requests. So such a connection ends with its first line. TLS
// has no lines at all, and without this check its sender would wait for the partial-line timeout.

/// Tells from the beginning of a connection whether it speaks HTTP or TLS instead of JSON lines.
enum ForeignProtocol {
  /// What the first bytes say.
  enum Verdict: Equatable {
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
  static func judge(beginning: ByteBufferView) -> Verdict {
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

  /// Judges a whole first line: `METHOD target HTTP/…`, whatever the method.
  static func isRequestLine(_ line: Span<UInt8>) -> Bool {
    let version = Array("HTTP/".utf8)
    var index = 0
    while index < line.count, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(line[index]) || line[index] == 0x2D {
      index += 1
    }
    guard index > 0, index < line.count, line[index] == 0x20 else { return false }
    var space = line.count - 1
    while space > index, line[space] != 0x20 { space -= 1 }
    guard space > index, line.count - space > version.count else { return false }
    return version.indices.allSatisfy { line[space + 1 + $0] == version[$0] }
  }
}
