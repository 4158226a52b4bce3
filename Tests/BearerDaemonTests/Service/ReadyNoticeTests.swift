import Testing

@testable import BearerDaemon

/// What may be told to systemd, and when.
@Suite struct ReadyNoticeTests {
  @Test("a reload is told of between the start and the stop only")
  func order() {
    let notice = ReadyNotice()
    var posted: [String] = []
    notice.whileReady { posted.append("before") }
    #expect(!notice.isTold)
    notice.tell()
    notice.whileReady { posted.append("ready") }
    #expect(notice.isTold)
    notice.end()
    notice.whileReady { posted.append("after") }
    #expect(!notice.isTold)
    #expect(posted == ["ready"])
  }
}
