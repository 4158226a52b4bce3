import BearerDaemon
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerServer
import BearerTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct RefreshPlacesTests {
  @Test("no more than 64 refreshes are under way in all; whose asker goes makes room")
  func places() async throws {
    let configuration = Configuration(
      issuers: [IssuerConfiguration(name: "test", url: "https://id.example")],
      policies: [Policy(name: "default", issuers: ["test"], audiences: ["api"])])
    let keys = IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource())
    let handlers = RequestHandlers(CurrentWorld(World(configuration, keys: [keys])), Reports(eventLoops: 2))
    // The bound is the daemon's, not an event loop's.
    let first = handlers.makeHandler()
    let second = handlers.makeHandler()
    var waiting: [any DeferredReply] = []
    for number in 0..<64 {
      waiting.append(try #require(try begin(number % 2 == 0 ? first : second)))
    }
    #expect(try begin(first) == nil)
    #expect(try begin(second) == nil)
    waiting.removeFirst().cancel()
    var another = try begin(second)
    while another == nil {
      await Task.yield()
      another = try begin(second)
    }
    #expect(try begin(first) == nil)
    keys.shutDown()
  }

  /// Begins a refresh; `nil` if it is refused as one too many.
  private func begin(_ handler: any LineHandler) throws -> (any DeferredReply)? {
    let line = Array(#"{"op":"refresh-jwks"}"#.utf8)
    var reply: [UInt8] = []
    switch handler.handle(line.span, from: Peer(uid: 0, gid: 0, pid: 0), mayWait: true, into: &reply) {
    case .deferred(_, let deferred):
      deferred.start {}
      return deferred
    case .answered, .notAnObject:
      #expect(try JSONValue(parsing: reply)["error"]?["code"] == "refresh_limited")
      return nil
    }
  }
}
