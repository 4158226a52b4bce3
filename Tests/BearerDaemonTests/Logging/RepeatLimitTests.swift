import BearerKeys
import Logging
import Synchronization
import Testing

@testable import BearerDaemon

/// Faults that repeat themselves.
@Suite("Repeated messages") struct RepeatLimitTests {
  private let start = MonotonicTime.now
  private let log = Log()

  /// What was logged, without the times, and how long it is since the start.
  private final class Log: Sendable {
    let texts = Mutex<[String]>([])
    let passed = Mutex(Duration.zero)
  }

  private var logger: Logger {
    Logger(label: "test") { [start, log] _ in
      RepeatLimitedLogHandler(
        LineLogHandler(
          .text,
          write: { line in
            log.texts.withLock { $0.append(String(decoding: line.dropFirst(28).dropLast(), as: UTF8.self)) }
          }),
        now: { start + log.passed.withLock(\.self) })
    }
  }

  @Test("five of a kind pass in a minute; the first after it tells how many did not")
  func burst() {
    var limit = RepeatLimit()
    var decisions: [RepeatLimit.Decision] = []
    for second in [0, 1, 2, 3, 4, 5, 59, 60, 61] {
      decisions.append(limit.decide("a", now: start + .seconds(second)))
    }
    let once = RepeatLimit.Decision.log(suppressed: 0)
    #expect(decisions == [once, once, once, once, once, .suppress, .suppress, .log(suppressed: 2), once])
    #expect(limit.decide("b", now: start + .seconds(61)) == once)
  }

  @Test("kinds without number are forgotten, not kept")
  func manyKinds() {
    var limit = RepeatLimit()
    for kind in 0..<(3 * RepeatLimit.kinds) {
      #expect(limit.decide("\(kind)", now: start) == .log(suppressed: 0))
    }
    #expect(limit.decide("0", now: start) == .log(suppressed: 0))
  }

  @Test("equal are messages with the same text, issuer, code and key; below notice everything is logged")
  func kinds() {
    var logger = logger
    logger.logLevel = .debug
    var other = logger
    other[metadataKey: "bearerd.issuer"] = "b"
    for _ in 0..<7 { logger.warning("x", metadata: ["bearerd.issuer": "a"]) }
    other.warning("x")
    for _ in 0..<7 { logger.debug("y") }
    log.passed.withLock { $0 = .seconds(60) }
    logger.warning("x", metadata: ["bearerd.issuer": "a"])
    #expect(
      log.texts.withLock(\.self) == Array(repeating: "warning: x: issuer=a", count: 5) + ["warning: x: issuer=b"]
        + Array(repeating: "debug: y", count: 7) + ["warning: x: issuer=a suppressed=2"])
  }

  @Test("what a person asked for is logged each time, and leaves the counting of others' messages as it was")
  func withoutLimit() {
    var logger = logger
    logger.logLevel = .warning
    logger[metadataKey: "bearerd.issuer"] = "a"
    let asked = logger.withoutRepeatLimit
    for _ in 0..<7 {
      asked.warning("x")
      asked.notice("y")
      logger.warning("x")
    }
    #expect(log.texts.withLock(\.self) == Array(repeating: "warning: x: issuer=a", count: 7 + 5))
  }

  @Test("a logger that has no limit is the same without it")
  func noLimit() {
    let captured = CapturedLog()
    captured.logger.withoutRepeatLimit.warning("x")
    #expect(captured.lines == ["warning x [:]"])
  }
}
