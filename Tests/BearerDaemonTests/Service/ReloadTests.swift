import BearerConfiguration
import BearerFraming
import BearerServer
import BearerSystemd
import NIOPosix
import Testing
import UnixSignals

@testable import BearerDaemon

/// What a reload does to the event loops.
@Suite(.timeLimit(.minutes(10))) struct ReloadTests {
  @Test("a loop that is told of a reload lets go of what was in force before, without a request")
  func adopted() {
    let fixture = AnswersFixture()
    weak let before = fixture.current.value
    fixture.reload([AnswersFixture.policy()])
    #expect(before != nil)
    (fixture.handler as? RequestHandler)?.adoptReload()
    #expect(before == nil)
  }

  @Test("what was in force before is freed by no loop, but after all of them have let go of it")
  func freed() async throws {
    let fixture = AnswersFixture()
    let before = Former(value: fixture.current.value)
    let reloader = Reloader()
    let (adoptions, adopt) = AsyncStream<CheckedContinuation<Void, Never>>.makeStream()
    let reloading = await Self.reloading(fixture, reloader) { await withCheckedContinuation { _ = adopt.yield($0) } }
    try await withThrowingTaskGroup { group in
      group.addTask { try await reloading.run() }
      reloader.ask()
      var loops = adoptions.makeAsyncIterator()
      let adopted = try #require(await loops.next())
      #expect(try fixture.reply(#"{"op":"ping"}"#).verdict == "ok")
      (fixture.handler as? RequestHandler)?.adoptReload()
      #expect(before.value != nil)
      adopted.resume()
      while before.value != nil { await Task.yield() }
      group.cancelAll()
    }
  }

  /// Does not keep what was in force.
  private struct Former: Sendable {
    weak let value: ActiveConfiguration?
  }

  private static func reloading(
    _ fixture: AnswersFixture, _ reloader: Reloader, adopt: @escaping @Sendable () async -> Void
  ) async -> Reloading {
    let log = CapturedLog()
    let configuration = fixture.current.value.configuration
    let issuers = IssuerKeysService(
      group: MultiThreadedEventLoopGroup.singleton, environment: [:], snapshots: nil, logger: log.logger
    ) {}
    return Reloading(
      reloader: reloader, reading: ConfigurationReading { configuration }, current: fixture.current, issuers: issuers,
      backEnds: BackEndService(issuers.shared, environment: [:], logger: log.logger), reporter: fixture.reporter,
      notifier: Notifier(), ready: ReadyNotice(), logger: log.logger, hangups: await UnixSignalsSequence(),
      watched: nil, adopt: adopt)
  }

  @Test("only the limits that a verifier is made for make another, and empty the token cache")
  func verifierLimits() {
    let limits = Limits()
    var other = limits
    other.writeTimeout += .seconds(1)
    other.connections += 1
    #expect(other != limits && other.haveSameMemory(as: limits))
    other.tokenCacheBytes = 1
    #expect(!other.haveSameMemory(as: limits))
    other = limits
    other.tokenBytes += 1
    #expect(!other.haveSameMemory(as: limits))
  }
}
