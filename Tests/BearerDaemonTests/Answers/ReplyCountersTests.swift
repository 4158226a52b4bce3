import BearerClaims
import BearerDevIssuer
import BearerJSON
import BearerProtocol
import BearerServer
import Logging
import Synchronization
import Testing

@testable import BearerDaemon
@testable import BearerLogging

/// Counts of answers, fingerprints of tokens, and what is logged of refusals.
@Suite("Counters of replies") struct ReplyCountersTests {
  @Test("status counts good tokens and every code, framing included, over all event loops")
  func counts() async throws {
    let fixture = AnswersFixture()
    try await fixture.run {
      let good = try AnswersFixture.token()
      for _ in 0..<3 { _ = try fixture.verify(good) }
      _ = try fixture.verify(good, op: "introspect")
      _ = try fixture.verify("a.b.c")
      _ = fixture.text(#"{"op":"verify"}"#)
      _ = fixture.text("{")
      let other = RequestHandlers(fixture.current, fixture.reporter, clock: fixture.clock).makeHandler()
      var reply: [UInt8] = []
      other.refuse(.tooManyConnections, from: Peer(uid: 0, gid: 0, pid: 1), into: &reply)
      other.refuse(.notThisProtocol, from: Peer(uid: 0, gid: 0, pid: 1), into: &reply)
      let counts = try await fixture.status()["counts"]
      #expect(
        counts == [
          "accepted": 4, "invalid_json": 2, "invalid_request": 1, "malformed_token": 1, "too_many_connections": 1,
        ])
    }
  }

  @Test("a daemon that answered nothing has accepted nothing")
  func none() async throws {
    #expect(try await AnswersFixture().status()["counts"] == ["accepted": 0])
  }

  @Test("explain tells the token's fingerprint, and only explain does")
  func fingerprint() async throws {
    let fixture = AnswersFixture()
    try await fixture.run {
      let good = try AnswersFixture.token()
      let expected = JSONValue.string(TokenFingerprint.text(of: Array(good.utf8).span))
      #expect(try fixture.verify(good, #","explain":true"#)["fingerprint"] == expected)
      #expect(try fixture.verify(good)["fingerprint"] == nil)
      #expect(try fixture.verify("a.b.c", #","explain":true"#)["fingerprint"] == "845e30448809")
    }
  }

  @Test("a refusal is logged at debug with code, fingerprint and issuer, and without anything of the token")
  func debugLog() async throws {
    let lines = Mutex<[String]>([])
    func logger(_ level: Logger.Level) -> Logger {
      var logger = Logger(label: "test") { _ in
        LineLogHandler(
          .text,
          write: { line in
            lines.withLock { $0.append(String(decoding: line.dropFirst(28).dropLast(), as: UTF8.self)) }
          })
      }
      logger.logLevel = level
      return logger
    }
    let fixture = AnswersFixture()
    try await fixture.run {
      let handler = RequestHandlers(
        fixture.current, fixture.reporter, logger: logger(.debug), clock: fixture.clock
      ).makeHandler()
      let quiet = RequestHandlers(
        fixture.current, fixture.reporter, logger: logger(.info), clock: fixture.clock
      ).makeHandler()
      let expired = try AnswersFixture.token { $0.isExpired = true }
      let print = TokenFingerprint.text(of: Array(expired.utf8).span)
      for token in [expired, "a.b.c"] {
        let line = Array(#"{"op":"verify","token":"\#(token)"}"#.utf8)
        var reply: [UInt8] = []
        for handler in [handler, quiet] {
          _ = handler.handle(line.span, from: .init(uid: 0, gid: 0, pid: 1), into: &reply)
        }
      }
      // Of an opaque token, whose back-end may have been asked as the wrong client.
      let opaque = Array("o".utf8)
      ReplyCounters(logger: logger(.debug)).refuse(.token(.inactiveToken), token: opaque.span, issuer: "idp")
      #expect(
        lines.withLock(\.self) == [
          "debug: token refused: code=expired fingerprint=\(print) issuer=idp",
          "debug: token refused: code=malformed_token fingerprint=845e30448809",
          "debug: token refused: code=inactive_token detail=\"\(TokenQuestion.inactiveHint)\" fingerprint=65c74c15a686"
            + " issuer=idp",
        ])
    }
  }
}
