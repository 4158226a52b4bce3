import Glibc
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import BearerServer

@Suite struct AcceptPauseTests {
  @Test(
    "without descriptors the listener leaves the selector, and comes back after a while", arguments: [EMFILE, ENFILE])
  func pause(code: CInt) throws {
    let listener = EmbeddedChannel(
      handler: AcceptPause(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    listener.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
    #expect(automaticReading(of: listener) == [false])
    listener.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
    listener.embeddedEventLoop.advanceTime(by: .milliseconds(999))
    #expect(automaticReading(of: listener) == [false])
    listener.embeddedEventLoop.advanceTime(by: .milliseconds(1))
    #expect(automaticReading(of: listener) == [true])
    listener.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
    #expect(automaticReading(of: listener) == [false])
  }

  @Test("a want that lasts is logged once a minute")
  func log() {
    let messages = Mutex(0)
    let listener = EmbeddedChannel(
      handler: AcceptPause(logger: Logger(label: "test") { _ in CountingLogHandler { messages.withLock { $0 += 1 } } }))
    for second in 0..<121 {
      listener.pipeline.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept"))
      #expect(messages.withLock(\.self) == 1 + second / 60)
      listener.embeddedEventLoop.advanceTime(by: .seconds(1))
    }
  }

  @Test("any other error is passed on and pauses nothing")
  func otherErrors() {
    let listener = EmbeddedChannel(
      handler: AcceptPause(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    listener.pipeline.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
    #expect(throws: IOError.self) { try listener.throwIfErrorCaught() }
    #expect(automaticReading(of: listener) == [])
  }

  /// The option as it was set last, if at all.
  private func automaticReading(of channel: EmbeddedChannel) -> [Bool] {
    channel.options.compactMap { $0.option is ChannelOptions.Types.AutoReadOption ? $0.value as? Bool : nil }
  }
}

/// Calls back for each message.
private struct CountingLogHandler: LogHandler {
  let onMessage: @Sendable () -> Void
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  init(onMessage: @escaping @Sendable () -> Void) { self.onMessage = onMessage }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { onMessage() }
}
