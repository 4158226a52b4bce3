import BearerClaims
import BearerJSON
import BearerServer
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// How the names in requests are compared.
struct NamesTests {
  /// The letter K, and the sign that Unicode's normal forms make a K of.
  private static let names = [("K", true), ("\u{212A}", false)]

  private func reply(_ fixture: AnswersFixture, _ line: String) throws -> JSONValue {
    var reply: [UInt8] = []
    let line = Array(line.utf8)
    let outcome = fixture.handler.handle(line.span, from: Peer(uid: 7, gid: 7, pid: 1), into: &reply)
    if case .deferred(_, let deferred) = outcome {
      deferred.cancel()
      return nil
    }
    return try JSONValue(parsing: reply)
  }

  @Test("a policy is found by the bytes of its name", arguments: names)
  func policies(_ name: String, _ isKnown: Bool) throws {
    let fixture = AnswersFixture(policies: [AnswersFixture.policy { $0.name = "K" }])
    let reply = try reply(fixture, #"{"op":"verify","token":"x","policy":"\#(name)"}"#)
    #expect(reply["error"]?["code"] == (isKnown ? "opaque_token" : "unknown_policy"))
  }

  @Test("a peer is permitted a policy by the bytes of its name", arguments: names)
  func peers(_ name: String, _ isPermitted: Bool) throws {
    var peer = PeerConfiguration(name: "app", identity: .user(7))
    peer.policies = ["K"]
    let fixture = AnswersFixture(policies: [AnswersFixture.policy { $0.name = "K" }], peers: [peer])
    let reply = try reply(fixture, #"{"op":"verify","token":"x","policy":"\#(name)"}"#)
    #expect(reply["error"]?["code"] == (isPermitted ? "opaque_token" : "not_permitted"))
  }

  @Test("an issuer is found by the bytes of its name or url")
  func issuers() {
    let issuer = IssuerConfiguration(name: "K", url: "https://id.example/caf\u{E9}")
    let active = ActiveConfiguration(Configuration(issuers: [issuer], policies: []), keys: [])
    #expect(active.issuers(named: "K") == [0])
    #expect(active.issuers(named: "\u{212A}") == [])
    #expect(active.issuers(named: "https://id.example/caf\u{E9}") == [0])
    #expect(active.issuers(named: "https://id.example/cafe\u{301}") == [])
  }
}
