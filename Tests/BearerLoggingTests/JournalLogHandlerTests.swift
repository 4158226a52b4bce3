import Glibc
import Logging
import Testing

@testable import BearerLogging

/// What the journal is sent, and when.
@Suite("Journal") struct JournalLogHandlerTests {
  private func event(_ level: Logger.Level, _ text: Logger.Message, _ metadata: Logger.Metadata? = nil) -> LogEvent {
    LogEvent(
      level: level, message: text, metadata: metadata, source: "test", file: "file", function: "function", line: 1)
  }

  @Test("a message has priority, text with fields, the text alone, and each field under its own name")
  func fields() {
    var handler = JournalLogHandler { _ in }
    handler[metadataKey: "bearerd.issuer"] = "authgear"
    let fields = handler.fields(
      of: event(.warning, "key refresh failed", ["bearerd.code": "timed_out", "bearerd.detail": "after 5 s, \"x\""]))
    #expect(
      fields == [
        #"MESSAGE=key refresh failed: code=timed_out detail="after 5 s, \"x\"" issuer=authgear"#, "PRIORITY=4",
        "SYSLOG_IDENTIFIER=bearerd", "BEARERD_EVENT=key refresh failed", "BEARERD_CODE=timed_out",
        #"BEARERD_DETAIL=after 5 s, "x""#, "BEARERD_ISSUER=authgear",
      ])
  }

  @Test("a text without fields stands alone")
  func plain() {
    #expect(
      JournalLogHandler(identifier: "b") { _ in }.fields(of: event(.notice, "ready")) == [
        "MESSAGE=ready", "PRIORITY=5", "SYSLOG_IDENTIFIER=b", "BEARERD_EVENT=ready",
      ])
  }

  @Test("no field can pass for one of the journal's, whatever its key")
  func foreignKeys() {
    let fields = JournalLogHandler { _ in }.fields(
      of: event(.info, "x", ["MESSAGE": "a", "_UID": "0", "bearerd.next-time.s": "b", "=\n": "c"]))
    #expect(
      fields.dropFirst(4).sorted() == [
        "BEARERD_MESSAGE=a", "BEARERD_NEXT_TIME_S=b", "BEARERD__UID=0", "BEARERD___=c",
      ])
  }

  @Test("a provider's text stays on its line, and is cut")
  func hostileValues() {
    let long = String(repeating: "é", count: 300)
    let fields = JournalLogHandler { _ in }.fields(
      of: event(.error, "x", ["bearerd.a": "1\nPRIORITY=0\u{1b}[2J\u{202e}", "bearerd.b": "\(long)"]))
    #expect(fields[4] == #"BEARERD_A=1\nPRIORITY=0\u{1b}[2J\u{202e}"#)
    #expect(fields[5] == "BEARERD_B=" + String(repeating: "é", count: 256) + "…")
  }

  @Test("an entry is its fields, a line each; on standard error it is its priority and its text")
  func entry() {
    let handler = JournalLogHandler(identifier: "b") { _ in }
    let entry = handler.entry(of: event(.error, "x\ny", ["bearerd.a": "1\n2"]))
    #expect(
      String(decoding: entry, as: UTF8.self)
        == #"MESSAGE=x\ny: a=1\n2"# + "\nPRIORITY=3\nSYSLOG_IDENTIFIER=b\n" + #"BEARERD_EVENT=x\ny"# + "\n"
        + #"BEARERD_A=1\n2"#)
    #expect(String(decoding: JournalLogHandler.line(of: entry), as: UTF8.self) == #"<3>x\ny: a=1\n2"# + "\n")
  }

  @Test(
    "levels have syslog's priorities",
    arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
  func priorities(level: Logger.Level, priority: Int) {
    #expect(level.priority == priority)
  }

  @Test("standard error is the journal only if it is the very stream that JOURNAL_STREAM names")
  func stream() {
    let descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    func isJournal(_ value: String?) -> Bool {
      JournalStream.isStandardError(value.map { ["JOURNAL_STREAM": $0] } ?? [:], descriptor: descriptor)
    }
    #expect(isJournal("\(status.st_dev):\(status.st_ino)"))
    for other in [nil, "", ":", "\(status.st_dev):", "\(status.st_dev):\(status.st_ino + 1)", "1:2:3"] {
      #expect(!isJournal(other))
    }
  }
}
