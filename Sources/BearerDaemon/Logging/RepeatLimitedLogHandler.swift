import BearerKeys
import Logging
import Synchronization

/// Keeps a fault that repeats itself from filling the log: of equal messages from `notice` on only some are logged.
///
/// Messages are equal that have the same text and are about the same issuer, code and key. Below `notice` everything is
/// logged: who asks for `debug` wants to see each refusal.
struct RepeatLimitedLogHandler: LogHandler {
  fileprivate var handler: any LogHandler
  private let limit: Shared
  private let now: @Sendable () -> MonotonicTime

  /// The tallies, shared by all copies of the logger.
  private final class Shared: Sendable {
    let limit = Mutex(RepeatLimit())
  }

  /// A handler in front of another one.
  ///
  /// - Parameters:
  ///   - handler: Logs what passes.
  ///   - now: The time of a message.
  init(_ handler: any LogHandler, now: @escaping @Sendable () -> MonotonicTime = { .now }) {
    self.handler = handler
    self.limit = Shared()
    self.now = now
  }

  var metadata: Logger.Metadata {
    get { handler.metadata }
    set { handler.metadata = newValue }
  }

  var metadataProvider: Logger.MetadataProvider? {
    get { handler.metadataProvider }
    set { handler.metadataProvider = newValue }
  }

  var logLevel: Logger.Level {
    get { handler.logLevel }
    set { handler.logLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { handler[metadataKey: key] }
    set { handler[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    guard event.level >= .notice else { return handler.log(event: event) }
    switch limit.limit.withLock({ $0.decide(kind(of: event), now: now()) }) {
    case .suppress: return
    case .log(suppressed: 0): handler.log(event: event)
    case .log(let suppressed):
      var event = event
      event.metadata = (event.metadata ?? [:]).merging(["bearerd.suppressed": "\(suppressed)"]) { $1 }
      handler.log(event: event)
    }
  }

  private func kind(of event: LogEvent) -> String {
    func value(_ key: String) -> String { (event.metadata?[key] ?? handler[metadataKey: key]).map { "\($0)" } ?? "" }
    return (["\(event.message)"] + ["bearerd.issuer", "bearerd.code", "bearerd.key"].map(value)).joined(
      separator: "\u{0}")
  }
}

extension Logger {
  /// The same logger, which logs every message: for what a person asked for and nobody else can cause.
  var withoutRepeatLimit: Logger {
    guard let limited = handler as? RepeatLimitedLogHandler else { return self }
    var logger = self
    logger.handler = limited.handler
    return logger
  }
}
