import Glibc

/// The token on standard input.
enum StandardInput {
  /// The most that is read, in bytes: no line of the protocol is longer.
  static let longest = 1_048_576

  /// Why there is no token.
  enum Fault: Error, Equatable {
    case unreadable(Int32)
    case tooLarge
    case notText

    var message: String {
      switch self {
      case .unreadable(let code): "standard input cannot be read: \(String(cString: strerror(code)))"
      case .tooLarge: "standard input has more than \(longest) bytes; that is no token"
      case .notText: "standard input is not UTF-8; that is no token"
      }
    }
  }

  /// All of it, without one line end after it.
  static func readToken() throws(Fault) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(errno) }
      guard count > 0 else { break }
      bytes += chunk[..<count]
      guard bytes.count <= longest else { throw .tooLarge }
    }
    return try token(bytes)
  }

  /// The text of some bytes, without one line end after it.
  static func token(_ bytes: [UInt8]) throws(Fault) -> String {
    var bytes = bytes[...]
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
    return text
  }
}
