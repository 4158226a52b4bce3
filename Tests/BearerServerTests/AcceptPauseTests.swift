import Glibc
import Logging
import NIOCore
import NIOEmbedded
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
