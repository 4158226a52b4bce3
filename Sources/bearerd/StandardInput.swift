import BearerFiles
import Glibc

/// The token on standard input.
enum StandardInput {
  /// The most that is read, in bytes: no line of the protocol is longer.
  static let longest = 1_048_576

  /// Why there is no token.
  enum Fault: Error, Equatable {
    case unreadable(String)
    case tooLarge
    case notText

    var message: String {
      switch self {
      case .unreadable(let reason): "standard input cannot be read: \(reason)"
      case .tooLarge: "standard input has more than \(longest) bytes; that is no token"
      case .notText: "standard input is not UTF-8; that is no token"
      }
    }
  }

  /// All of it, without one line end after it.
  static func readToken() throws(Fault) -> String {
    let bytes: [UInt8]
    do throws(RegularFile.Fault) {
      bytes = try RegularFile.bytes(of: STDIN_FILENO, limit: longest)
    } catch {
      if case .tooLarge = error { throw .tooLarge }
      throw .unreadable(error.reason)
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
