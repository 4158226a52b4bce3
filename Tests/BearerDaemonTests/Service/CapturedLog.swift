import Logging
import Synchronization

/// A logger whose lines a test reads.
final class CapturedLog: Sendable {
  private let text = Mutex<[String]>([])

  /// What was logged: message and metadata.
  var lines: [String] { text.withLock(\.self) }

  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: CapturedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
      log.text.withLock { $0.append("\(event.level) \(event.message) \(all)") }
    }
  }
}
