import BearerClaims
import BearerJSON
import BearerProtocol
import BearerServer
import BearerTestKit
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// Who may ask what.
@Suite("Peers") struct PeerRulesTests {
  private func ask(_ fixture: AnswersFixture, uid: UInt32, gid: UInt32 = 100, _ line: String) throws -> JSONValue {
    let (reply, outcome) = fixture.outcome(line, from: Peer(uid: uid, gid: gid, pid: 0))
    // What is worked on elsewhere was let through.
    if case .deferred = outcome { return ["ok": true] }
    return try JSONValue(parsing: Array(reply.utf8))
  }

  private func fixture(_ change: (inout [PeerConfiguration]) -> Void) -> AnswersFixture {
    var peers: [PeerConfiguration] = []
    change(&peers)
    return AnswersFixture(
      policies: [AnswersFixture.policy(), AnswersFixture.policy { $0.name = "other" }], peers: peers)
  }

  private let expired = #""token":"a.b.c""#

  @Test("without tables everybody may ask everything")
  func withoutTables() throws {
    let fixture = fixture { _ in }
    #expect(try ask(fixture, uid: 12345, #"{"op":"status"}"#).verdict == "ok")
  }

  @Test("who matches no table may only ping and say hello")
  func stranger() throws {
    let fixture = fixture { $0 = [PeerConfiguration(name: "a", identity: .user(1000))] }
    for op in ["ping", "hello"] { #expect(try ask(fixture, uid: 65534, #"{"op":"\#(op)"}"#).verdict == "ok") }
    for op in ["status", "refresh-jwks"] {
      #expect(try ask(fixture, uid: 65534, #"{"op":"\#(op)"}"#).verdict == "not_permitted")
    }
    let reply = try ask(fixture, uid: 65534, gid: 1000, #"{"id":7,"op":"verify",\#(expired)}"#)
    #expect(
      reply == [
        "id": 7, "ok": false,
        "error": [
          "code": "not_permitted", "category": "forbidden",
          "message": "No [peer] table of the configuration is for user 65534 or group 1000.", "status": 500,
        ],
      ])
    #expect(try ask(fixture, uid: 1000, #"{"op":"verify",\#(expired)}"#).verdict == "malformed_token")
  }

  @Test("a table for the user counts before one for the group")
  func specific() throws {
    let fixture = fixture {
      var group = PeerConfiguration(name: "group", identity: .group(100))
      group.operations = [.verify]
      $0 = [group, PeerConfiguration(name: "user", identity: .user(1000))]
    }
    #expect(try ask(fixture, uid: 1000, #"{"op":"status"}"#).verdict == "ok")
    let reply = try ask(fixture, uid: 1001, #"{"op":"status"}"#)
    #expect(reply.verdict == "not_permitted")
    #expect(reply["error"]?["member"] == "op")
    #expect(try ask(fixture, uid: 1001, #"{"op":"verify",\#(expired)}"#).verdict == "malformed_token")
    #expect(try ask(fixture, uid: 1001, #"{"op":"introspect",\#(expired)}"#).verdict == "not_permitted")
    #expect(try ask(fixture, uid: 1001, #"{"op":"ping"}"#).verdict == "ok")
  }

  @Test("only the table's policies can be asked for, whether or not others exist")
  func policies() throws {
    let fixture = fixture {
      var peer = PeerConfiguration(name: "a", identity: .user(1))
      peer.policies = ["other"]
      $0 = [peer]
    }
    #expect(try ask(fixture, uid: 1, #"{"op":"verify","policy":"other",\#(expired)}"#).verdict == "malformed_token")
    for policy in [#""policy":"default","#, #""policy":"none","#, ""] {
      let reply = try ask(fixture, uid: 1, #"{"op":"introspect",\#(policy)\#(expired)}"#)
      #expect(reply.verdict == "not_permitted")
      #expect(reply["error"]?["member"] == "policy")
      #expect(reply["introspection"] == nil)
    }
    #expect(try ask(fixture, uid: 1, #"{"op":"status"}"#).verdict == "ok")
  }

  @Test("a request beyond the rate is undecided, never a verdict; ping and hello are answered all the same")
  func rate() throws {
    let fixture = fixture {
      var peer = PeerConfiguration(name: "a", identity: .user(1))
      peer.rate = 1
      $0 = [peer]
    }
    #expect(try ask(fixture, uid: 1, #"{"op":"verify",\#(expired)}"#).verdict == "malformed_token")
    let reply = try ask(fixture, uid: 1, #"{"id":"x","op":"introspect",\#(expired)}"#)
    #expect(reply["id"] == "x")
    #expect(reply.verdict == "too_many_connections")
    #expect(reply["error"]?["category"] == "unavailable")
    #expect(reply["error"]?["status"] == 503)
    let wait = try #require(reply["error"]?["retry_after_ms"]?.integerValue)
    #expect((1...1000).contains(wait))
    #expect(reply["introspection"] == nil)
    for op in ["ping", "hello", "ping"] { #expect(try ask(fixture, uid: 1, #"{"op":"\#(op)"}"#).verdict == "ok") }
    // These took nothing, for there was nothing left.
    fixture.clock.advance(by: .seconds(1))
    #expect(try ask(fixture, uid: 1, #"{"op":"verify",\#(expired)}"#).verdict == "malformed_token")
    // Nobody else's allowance is touched, and an op of administrators is refused as that.
    #expect(try ask(fixture, uid: 1, #"{"op":"reload"}"#)["error"]?["member"] == "op")
  }

  @Test("who matches no table is not told what is wrong with a request, and who does is")
  func strangersFaults() throws {
    let fixture = fixture { $0 = [PeerConfiguration(name: "a", identity: .user(1))] }
    for (line, fault) in [
      (#"{"op":"nonsense"}"#, "unknown_op"), (#"{"op":"status","x":1}"#, "invalid_request"),
      (#"{"op":"verify","tokne":"a"}"#, "invalid_request"),
    ] {
      #expect(try ask(fixture, uid: 2, line).verdict == "not_permitted")
      #expect(try ask(fixture, uid: 1, line).verdict == fault)
    }
    #expect(try ask(fixture, uid: 2, "[]").verdict == "invalid_json")
  }

  @Test(
    "every line counts towards the rate: bad ones, unknown ops, those that are refused, and those that never are",
    arguments: [
      #"{"op":"nonsense"}"#, #"{"op":"status","x":1}"#, "[]", #"{"op":"status"}"#, #"{"op":"reload"}"#,
      #"{"op":"ping"}"#,
      #"{"op":"hello"}"#, #"{"op":"ping","x":1}"#, #"{"op":"verify","policy":"other","token":"a.b.c"}"#,
    ])
  func everyLineCounts(_ line: String) throws {
    let fixture = fixture {
      var peer = PeerConfiguration(name: "a", identity: .user(1))
      peer.rate = 1
      peer.operations = [.verify]
      $0 = [peer]
    }
    #expect(try ask(fixture, uid: 1, line).verdict != "too_many_connections")
    #expect(try ask(fixture, uid: 1, #"{"op":"verify",\#(expired)}"#).verdict == "too_many_connections")
  }

  @Test(
    "a line that the framing refuses counts like every other, a connection too many does not",
    arguments: [
      (FramingFault.lineTooLong, "request_too_large", true), (.lineFarTooLong, "request_too_large", true),
      (.notThisProtocol, "invalid_json", true), (.partialLineTimeout, "invalid_json", true),
      (.tooManyConnections, "too_many_connections", false),
    ])
  func unframedLinesCount(_ fault: FramingFault, _ verdict: String, counts: Bool) throws {
    let fixture = fixture {
      var peer = PeerConfiguration(name: "a", identity: .user(1))
      peer.rate = 1
      $0 = [peer]
    }
    var reply: [UInt8] = []
    fixture.handler.refuse(fault, from: Peer(uid: 1, gid: 100, pid: 0), into: &reply)
    #expect(try JSONValue(parsing: reply).verdict == verdict)
    let after = try ask(fixture, uid: 1, #"{"op":"verify",\#(expired)}"#).verdict
    #expect(after == (counts ? "too_many_connections" : "malformed_token"))
  }

  @Test("a reload is no new allowance, unless it changes the rate")
  func ratesLiveOn() throws {
    func peers(_ rate: Int) -> [PeerConfiguration] {
      var peer = PeerConfiguration(name: "a", identity: .user(1))
      peer.rate = rate
      return [peer]
    }
    let fixture = fixture { $0 = peers(1) }
    let line = #"{"op":"verify",\#(expired)}"#
    #expect(try ask(fixture, uid: 1, line).verdict == "malformed_token")
    fixture.reload([AnswersFixture.policy()], peers: peers(1))
    #expect(try ask(fixture, uid: 1, line).verdict == "too_many_connections")
    fixture.reload([AnswersFixture.policy()], peers: peers(2))
    #expect(try ask(fixture, uid: 1, line).verdict == "malformed_token")
  }
}
