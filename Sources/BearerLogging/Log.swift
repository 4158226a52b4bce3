package import Logging

/// The daemon's log: a logger, and the thread that writes its messages.
package struct Log: Sendable {
  /// Logs without ever waiting for the reader of the log; its copies do the same.
  package let logger: Logger
  private let thread: LogThread

  /// Begins a log.
  ///
  /// - Parameters:
  ///   - format: What messages look like and where they go.
  ///   - level: The least severe messages that are logged.
  ///   - environment: The process's environment, which says whether standard error is the journal.
  ///   - journal: Sends an entry, its fields separated by LF, to the journal, and returns whether the journal took it;
  ///     otherwise the entry goes to standard error, as all do by default.
  package init(
    _ format: LogFormat, level: Logger.Level, environment: [String: String],
    journal: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
  ) {
    let write: @Sendable ([UInt8]) -> Void
    let encode: @Sendable (LogEvent) -> [UInt8]
    let makeHandler: (LogThread) -> any LogHandler
    switch format.resolved(environment) {
    case .journal, .auto:
      write = { entry in
        if !journal(entry) { StandardError.write(JournalLogHandler.line(of: entry)) }
      }
      encode = { JournalLogHandler { _ in }.entry(of: $0) }
      makeHandler = { thread in JournalLogHandler { thread.append($0) } }
    case .json:
      write = { StandardError.write($0) }
      encode = { LineLogHandler(.json) { _ in }.line(of: $0) }
      makeHandler = { thread in
        LineLogHandler(.json) { thread.append($0, timeAt: LineLogHandler.Shape.json.timeOffset) }
      }
    case .text:
      write = { StandardError.write($0) }
      encode = { LineLogHandler(.text) { _ in }.line(of: $0) }
      makeHandler = { thread in
        LineLogHandler(.text) { thread.append($0, timeAt: LineLogHandler.Shape.text.timeOffset) }
      }
    }
    let thread = LogThread(write: write) { encode(Self.notice(ofDropped: $0)) }
    var logger = Logger(label: "bearerd") { _ in makeHandler(thread) }
    logger.logLevel = level
    self.logger = logger
    self.thread = thread
  }

  /// Waits until all logged messages are written; the last call before the process ends.
  ///
  /// - Parameter longest: How long it waits at most: a reader that does not read must not keep the process from ending.
  package func drain(within longest: Duration = .milliseconds(200)) { thread.drain(within: longest) }

  /// Whether the thread works, or only the reader of the log holds it up; covers the time since it was last asked.
  package var isAlive: Bool { thread.isAlive }

  private static func notice(ofDropped count: Int) -> LogEvent {
    LogEvent(
      level: .warning, message: "messages were dropped because the log was not read fast enough",
      metadata: ["bearerd.dropped": "\(count)"], source: "bearerd", file: #fileID, function: #function, line: #line)
  }
}
