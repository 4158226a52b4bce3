import Glibc
import Logging
import Synchronization
import Testing

@testable import BearerLogging

/// Lines on standard error.
@Suite("Log lines") struct LineLogHandlerTests {
  private func lines(_ shape: LineLogHandler.Shape, _ body: (Logger) -> Void) -> [String] {
    let lines = Mutex<[String]>([])
    var logger = Logger(label: "test") { _ in
      LineLogHandler(
        shape, now: { timespec(tv_sec: 1_795_442_437, tv_nsec: 12_345_678) },
        write: { line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } })
    }
    logger.logLevel = .trace
    body(logger)
    return lines.withLock(\.self)
  }

  @Test("a line of text has time, level, message and fields")
  func text() {
    let lines = lines(.text) { logger in
      var logger = logger
      logger[metadataKey: "bearerd.issuer"] = "authgear"
      logger.notice("key set replaced", metadata: ["bearerd.added": ["k 1", "k\n2"], "bearerd.keys": "2"])
    }
    #expect(
      lines == [
        "2026-11-23T14:00:37.012345Z notice: key set replaced: added=\"k 1, k\\n2\" issuer=authgear keys=2\n"
      ])
  }

  @Test("a line of JSON has the same in members, lists as lists")
  func json() {
    let lines = lines(.json) { logger in
      logger.error("x", metadata: ["bearerd.added": ["k\"1", "k\n2"], "bearerd.of": ["a": "b"]])
      logger.trace("y")
    }
    #expect(
      lines == [
        #"{"time":"2026-11-23T14:00:37.012345Z","level":"error","message":"x","fields":{"bearerd.added":["k\"1","k\\n2"],"bearerd.of":{"a":"b"}}}"#
          + "\n",
        #"{"time":"2026-11-23T14:00:37.012345Z","level":"trace","message":"y","fields":{}}"# + "\n",
      ])
  }

  @Test("auto is text where standard error is not the journal, and what is named is taken")
  func resolution() {
    #expect(LogFormat.auto.resolved(["JOURNAL_STREAM": "1:1"]) == .text)
    for format in [LogFormat.journal, .json, .text] { #expect(format.resolved([:]) == format) }
  }
}
