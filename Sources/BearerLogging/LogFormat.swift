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

  /// The format with ``auto`` decided.
  ///
  /// - Parameter environment: The process's environment.
  /// - Returns: ``journal``, ``json`` or ``text``.
  package func resolved(_ environment: [String: String]) -> LogFormat {
    guard self == .auto else { return self }
    return JournalStream.isStandardError(environment) ? .journal : .text
  }
}
