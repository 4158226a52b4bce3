import ArgumentParser
import Glibc

/// Standard output or standard error, written at once and whole.
struct Output: Sendable {
  private let descriptor: Int32

  static let standard = Output(descriptor: STDOUT_FILENO)
  static let error = Output(descriptor: STDERR_FILENO)

  /// Whether a person reads it.
  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// How text may be set off here: in colour on a terminal, unless `NO_COLOR` is set to anything (no-color.org) or the
  /// terminal says that it is dumb.
  func style(_ environment: [String: String]) -> Style {
    let wantsNone = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
    return Style(hasColour: isTerminal && !wantsNone)
  }

  /// How many characters a line has; 80 if that is not known.
  var width: Int {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 40 ? Int(size.ws_col) : 80
  }

  /// Writes a text and a line end; what cannot be written (a closed pipe) is given up.
  func write(line text: String) {
    write(Array((text + "\n").utf8))
  }

  /// Writes bytes; what cannot be written (a closed pipe) is given up.
  func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
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
