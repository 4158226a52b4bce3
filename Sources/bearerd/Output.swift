import ArgumentParser
import BearerFiles
import Glibc

/// Standard output, standard error or a file, written completely and without a buffer.
struct Output: Sendable {
  let descriptor: Int32

  static let standard = Output(descriptor: STDOUT_FILENO)
  static let error = Output(descriptor: STDERR_FILENO)

  /// Whether a person reads it.
  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// The style of text here: colour on a terminal, unless `NO_COLOR` is set (no-color.org) or `TERM` is `dumb`.
  func style(_ environment: [String: String]) -> Style {
    let wantsNone = environment.variable("NO_COLOR") != nil || environment["TERM"] == "dumb"
    return Style(hasColour: isTerminal && !wantsNone)
  }

  /// How many characters a line has; 80 if that is not known.
  var width: Int {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 40 ? Int(size.ws_col) : 80
  }

  /// Writes a text and a line end.
  ///
  /// - Returns: The errno, if not all of it could be written.
  @discardableResult
  func write(line text: String) -> CInt? {
    write(Array((text + "\n").utf8))
  }

  /// Writes bytes.
  ///
  /// - Returns: The errno, if not all of them could be written.
  @discardableResult
  func write(_ bytes: [UInt8]) -> CInt? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? errno : EIO }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  /// Writes a text and a line end to standard output, or ends the command with a message.
  ///
  /// A closed pipe counts as success: its reader has seen enough.
  static func print(_ text: String) throws(ExitCode) {
    switch standard.write(line: text) {
    case nil, EPIPE?: return
    case let code?:
      throw failure(.undecided, "standard output cannot be written: \(String(cString: strerror(code)))")
    }
  }
}

/// Ends a command with a message on standard error.
///
/// - Returns: What the command is to throw.
func failure(_ status: ExitStatus, _ message: String) -> ExitCode {
  Output.error.write(line: "bearerd: \(message)")
  return status.exitCode
}
