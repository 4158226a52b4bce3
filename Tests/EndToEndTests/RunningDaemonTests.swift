import BearerJSON
import Testing

@testable import bearerd

@Suite(.timeLimit(.minutes(10))) struct RunningDaemonTests {
  @Test("a daemon that hangs is given up, and the message says so")
  func hangs() async throws {
    let daemon = try QuietDaemon(answeringAfter: nil)
    defer { daemon.end() }
    await #expect(
      throws: NoReply(status: .noDaemon, message: "the daemon at \(daemon.path) did not answer within 0.001 seconds")
    ) {
      try await RunningDaemon(path: daemon.path, deadlines: ReplyDeadlines(reply: .milliseconds(1))).reply(to: [
        "op": "ping"
      ])
    }
  }

  @Test("a daemon that may take long is given up as soon as it leaves a ping unanswered")
  func fallsSilent() async throws {
    let daemon = try QuietDaemon(answeringAfter: nil)
    defer { daemon.end() }
    let deadlines = ReplyDeadlines(reply: .seconds(3_600), betweenPings: .milliseconds(1), ping: .milliseconds(2))
    await #expect(
      throws: NoReply(
        status: .noDaemon,
        message: "the daemon at \(daemon.path) hangs: it did not answer a ping within 0.002 seconds")
    ) {
      try await RunningDaemon(path: daemon.path, deadlines: deadlines).reply(to: ["op": "refresh-jwks"])
    }
  }

  @Test("a daemon that answers pings is waited for, and asked once")
  func slow() async throws {
    let daemon = try QuietDaemon(answeringAfter: 3)
    defer { daemon.end() }
    let deadlines = ReplyDeadlines(reply: .seconds(3_600), betweenPings: .milliseconds(1), ping: .seconds(3_600))
    let reply = try await RunningDaemon(path: daemon.path, deadlines: deadlines).reply(to: ["op": "refresh-jwks"])
    #expect(reply == ["ok": true, "late": true])
    #expect(daemon.questions == ["{\"id\":1,\"op\":\"refresh-jwks\"}\n"])
  }

  @Test("each question is waited for as long as the daemon may take, and no longer than that needs")
  func deadlines() throws {
    #expect(ReplyDeadlines.atOnce.reply == .seconds(5))
    #expect(ReplyDeadlines.forToken(deadlineMilliseconds: nil).reply == .seconds(65))
    #expect(ReplyDeadlines.forToken(deadlineMilliseconds: 100).reply == .milliseconds(5_100))
    #expect(ReplyDeadlines.forToken(deadlineMilliseconds: 10_000).reply == .seconds(15))
    #expect(ReplyDeadlines.refresh.reply == .seconds(330))
    for odd: Int64 in [.min, -1, 0] { #expect(ReplyDeadlines.forToken(deadlineMilliseconds: odd).reply == .seconds(5)) }
    for odd: Int64 in [10_001, .max] {
      #expect(ReplyDeadlines.forToken(deadlineMilliseconds: odd).reply == .seconds(15))
    }
    for deadlines in [ReplyDeadlines.atOnce, .forToken(deadlineMilliseconds: nil), .refresh] {
      #expect(deadlines.betweenPings + deadlines.ping == .seconds(10))
    }
  }
}
