import BearerSystemd
package import Logging

/// How messages are logged.
package enum LogFormat: String, CaseIterable, Sendable {
  /// ``journal`` where standard error is the journal, ``text`` otherwise.
  case auto
  /// To the journal, with priorities and fields.
  case journal
  /// To standard error, one JSON object per line.
  case json
  /// To standard error, one readable line per message.
  case text

  /// The format that is meant: ``auto`` decided.
  ///
  /// - Parameter environment: The process's environment.
  /// - Returns: ``journal``, ``json`` or ``text``.
  package func resolved(_ environment: [String: String]) -> LogFormat {
    guard self == .auto else { return self }
    return JournalStream.isStandardError(environment) ? .journal : .text
  }

  /// A logger with this format.
  ///
  /// - Parameters:
  ///   - environment: The process's environment, which tells whether standard error is the journal.
  ///   - level: The least severe messages that are logged.
  /// - Returns: The logger; its copies count repeated messages together.
  package func makeLogger(_ environment: [String: String], level: Logger.Level) -> Logger {
    let format = resolved(environment)
    var logger = Logger(label: "bearerd") { _ in
      switch format {
      case .journal, .auto: RepeatLimitedLogHandler(JournalLogHandler())
      case .json: RepeatLimitedLogHandler(LineLogHandler(.json))
      case .text: RepeatLimitedLogHandler(LineLogHandler(.text))
      }
    }
    logger.logLevel = level
    return logger
  }
}
