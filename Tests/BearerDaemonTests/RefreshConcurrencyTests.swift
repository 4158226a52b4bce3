import BearerClaims
import BearerDaemon
import BearerJSON
import BearerKeys
import BearerServer
import BearerTestKit
import Testing

@testable import BearerConfiguration

@Suite(.timeLimit(.minutes(10))) struct RefreshConcurrencyTests {
  @Test("16 refreshes of one user are under way, 64 in all, and root finds its own whoever took the rest")
  func places() async throws {
    let configuration = Configuration(
      issuers: [IssuerConfiguration(name: "test", url: "https://id.example")],
      policies: [Policy(name: "default", issuers: ["test"], audiences: ["api"])])
    let keys = IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource())
    let handlers = RequestHandlers(
      ActiveConfigurationStore(ActiveConfiguration(configuration, keys: [keys])), StatusReporter(eventLoops: 2))
    // The bound is the daemon's, not an event loop's.
    let first = handlers.makeHandler()
    let second = handlers.makeHandler()
    var waiting: [any DeferredReply] = []
    for user in 70_001...70_004 as ClosedRange<UInt32> {
      for number in 0..<16 {
        waiting.append(try #require(try begin(number % 2 == 0 ? first : second, user)))
      }
      #expect(try begin(first, user) == nil)
    }
    #expect(try begin(second, 70_005) == nil)
    for _ in 0..<16 { #expect(try begin(first, 0) != nil) }
    #expect(try begin(second, 0) == nil)
    // Its place is free once it is not waited for any more and the refresh itself is over.
    waiting.removeFirst().cancel()
    var another = try begin(second, 70_005)
    while another == nil {
      await Task.yield()
      another = try begin(second, 70_005)
    }
    #expect(try begin(first, 70_005) == nil)
    keys.shutDown()
    // What is known but not taken keeps its place.
    let known = try #require(waiting.first)
    var reply: [UInt8] = []
    while !known.resume(into: &reply) { await Task.yield() }
    var next = try begin(second, 70_006)
    while next == nil {
      await Task.yield()
      next = try begin(second, 70_006)
    }
    #expect(try begin(second, 70_006) == nil)
  }

  /// Begins a refresh; `nil` if it is refused as one too many.
  private func begin(_ handler: any LineHandler, _ user: UInt32) throws -> (any DeferredReply)? {
    let line = Array(#"{"op":"refresh-jwks"}"#.utf8)
    var reply: [UInt8] = []
    switch handler.handle(line.span, from: Peer(uid: user, gid: 0, pid: 0), into: &reply) {
    case .deferred(_, let deferred):
      deferred.start {}
      return deferred
    case .answered, .notAnObject:
      #expect(try JSONValue(parsing: reply)["error"]?["code"] == "refresh_limited")
      return nil
    }
  }
}
