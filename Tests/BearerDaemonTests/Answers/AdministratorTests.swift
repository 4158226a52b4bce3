import BearerJSON
import BearerKeys
import BearerServer
import BearerTOML
import BearerTestKit
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// What is told and done only for who comes through the socket for administrators.
@Suite(.timeLimit(.minutes(10))) struct AdministratorTests {
  private static let root = Peer(uid: 0, gid: 0, pid: 1)
  private static let administrator = Peer(uid: 0, gid: 0, pid: 1, isAdministrator: true)

  private func reply(_ fixture: AnswersFixture, _ line: String, from peer: Peer) throws -> JSONValue {
    try JSONValue(parsing: Array(fixture.outcome(line, from: peer).reply.utf8))
  }

  @Test("reload is for administrators, whatever the user id; hello tells of it nobody else")
  func reloadIsRefused() throws {
    let fixture = AnswersFixture(hasAdminSocket: true)
    let refused = try reply(fixture, #"{"id":1,"op":"reload"}"#, from: Self.root)
    #expect(refused.verdict == "not_permitted")
    #expect(refused["error"]?["member"] == "op")
    #expect(try reply(fixture, #"{"op":"hello"}"#, from: Self.root)["ops"]?["reload"] == nil)
    #expect(try reply(fixture, #"{"op":"hello"}"#, from: Self.administrator)["ops"]?["reload"] == [])
  }

  @Test("[peer] tables do not bind administrators")
  func peers() async throws {
    let fixture = AnswersFixture(peers: [], hasAdminSocket: true)
    let peer = PeerConfiguration(name: "app", identity: .user(1000))
    fixture.reload([AnswersFixture.policy()], peers: [peer])
    #expect(try await fixture.status(from: Self.root).verdict == "not_permitted")
    #expect(try await fixture.status(from: Self.administrator).verdict == "ok")
    #expect(try reply(fixture, #"{"op":"nonsense"}"#, from: Self.administrator).verdict == "unknown_op")
  }

  @Test("faults are told in words to administrators only, once they have a socket")
  func faults() async throws {
    for hasAdminSocket in [true, false] {
      let fixture = AnswersFixture(hasAdminSocket: hasAdminSocket)
      fixture.reporter.setReloadFault("line 3 is wrong")
      let keys = fixture.keys
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await keys.run() }
        defer { keys.shutDown() }
        await fixture.source.nextCall()?.answer(.failure(FetchFault(.dnsFailed, found: "10.1.2.3")))
        while keys.status(at: fixture.clock.now).failures == 0 { await Task.yield() }
        for peer in [Self.root, Self.administrator] {
          let isTold = !hasAdminSocket || peer.isAdministrator
          let status = try await fixture.status(from: peer)
          let fault = status["issuers"]?.arrayValue?.first?["last_fault"]
          #expect(fault?["code"] == "dns_failed")
          #expect((fault?["message"] != nil) == isTold)
          #expect((status["reload_fault"] == "line 3 is wrong") == isTold)
          #expect(status["reload_fault"] != nil)
        }
      }
    }
  }

  @Test("a reload's reply tells what became of it, and orders that wait together are one reload")
  func outcome() async throws {
    let fixture = AnswersFixture(hasAdminSocket: true)
    let reloader = Reloader()
    let handler = RequestHandlers(
      fixture.current, fixture.reporter, reloader: reloader, clock: fixture.clock
    ).makeHandler()
    func ask(_ id: Int) throws -> Deferred {
      var reply: [UInt8] = []
      let line = Array(#"{"id":\#(id),"op":"reload"}"#.utf8)
      let outcome = handler.handle(line.span, from: Self.administrator, into: &reply)
      guard case .deferred(_, let pending) = outcome else { throw NotDeferred() }
      return Deferred(pending)
    }
    var asked = [try ask(1), try ask(2)]
    reloader.ask(isExplicit: false)
    var order = reloader.take()
    #expect(order.isExplicit && order.waiting.count == 2)
    for done in order.waiting { done(.inForce(restart: ["socket"])) }
    for (id, pending) in zip(1..., asked) {
      let reply = try await pending.reply()
      #expect(reply["id"]?.integerValue == Int64(id) && reply.verdict == "ok")
      #expect(reply["restart"] == ["socket"])
      #expect(reply["configuration"]?["age_s"] != nil)
    }

    asked = [try ask(3)]
    order = reloader.take()
    let fault = ConfigurationFault(place: "socket", line: 7, message: "wrong")
    for done in order.waiting { done(.refused(ConfigurationFaults([fault]))) }
    let reply = try await asked[0].reply()
    #expect(reply.verdict == "configuration_refused")
    #expect(reply["faults"] == [.string(fault.description)])

    let late = try ask(4)
    #expect(try late.shutDown().verdict == "shutting_down")
  }

  private struct NotDeferred: Error {}
}
