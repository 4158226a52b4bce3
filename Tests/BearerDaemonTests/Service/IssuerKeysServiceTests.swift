import BearerAddress
import BearerClaims
import BearerFetch
import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerTestKit
import BearerTime
import Dispatch
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

@Suite struct IssuerKeysServiceTests {
  private let log = CapturedLog()

  private func service(
    _ snapshots: SnapshotStore? = nil, onChange: @escaping @Sendable () -> Void = {}
  ) -> IssuerKeysService {
    IssuerKeysService(
      group: MultiThreadedEventLoopGroup.singleton, environment: [:], snapshots: snapshots, logger: log.logger,
      onChange: onChange)
  }

  private func configuration(_ issuers: IssuerConfiguration...) -> Configuration {
    Configuration(
      issuers: issuers,
      policies: [Policy(name: "default", issuers: issuers.map(\.name), audiences: ["api"])])
  }

  private func issuer(
    _ name: String = "idp", _ url: String = "https://idp.invalid",
    _ change: (inout IssuerConfiguration) -> Void = { _ in }
  ) -> IssuerConfiguration {
    var issuer = IssuerConfiguration(name: name, url: url)
    // Longer than a fetch takes on any busy machine.
    issuer.timeout = .seconds(300)
    change(&issuer)
    return issuer
  }

  @Test("an issuer that is the same keeps its keys, whatever else changes")
  func unchanged() throws {
    let service = service()
    let first = try #require(service.owners(for: configuration(issuer())).first)
    first.restore(with: try AnswersFixture.fetched("k1"), age: .zero)
    for change: (inout IssuerConfiguration) -> Void in [
      { _ in }, { $0.refresh = .seconds(60) }, { $0.maximumStale = .zero }, { $0.keyWait = .zero },
      { $0.connectTo = HostAndPort("127.0.0.1:1") }, { $0.timeout = .seconds(1) }, { $0.name = "renamed" },
    ] {
      let next = configuration(issuer("new", "https://new.invalid"), issuer(changed: change))
      let owners = service.owners(for: next)
      service.dismissAll(but: next)
      #expect(owners.count == 2)
      #expect(owners.last === first)
      #expect(first.snapshot?.keys.usableKeys == 1)
    }
  }

  private func issuer(changed change: (inout IssuerConfiguration) -> Void) -> IssuerConfiguration {
    issuer("idp", "https://idp.invalid", change)
  }

  @Test("an issuer that is another begins anew, and the one before is ended once it is out of force")
  func changed() async throws {
    for change: (inout IssuerConfiguration) -> Void in [
      { $0.url = "https://other.invalid" }, { $0.algorithms = [.ps512] },
      { $0.source = .jwksURI("https://idp.invalid/jwks") },
    ] {
      let service = service()
      let first = try #require(service.owners(for: configuration(issuer())).first)
      first.restore(with: try AnswersFixture.fetched("k1"), age: .zero)
      let next = configuration(issuer(changed: change))
      let second = try #require(service.owners(for: next).first)
      #expect(second !== first)
      #expect(second.snapshot == nil)
      // Requests are still answered by the old one until the new configuration is in force.
      #expect(isRunning(first))
      service.dismissAll(but: next)
      #expect(!isRunning(first))
      #expect(isRunning(second))
    }
  }

  @Test(
    "issuers keep their keys whichever of them have which names",
    arguments: [["b", "a", "c"], ["b", "c", "a"], ["b", "c", "d"], ["x", "a", "b"], ["x", "y", "z"]])
  func renamed(names: [String]) throws {
    let urls = ["https://a.invalid", "https://b.invalid", "https://c.invalid"]
    func named(_ names: [String]) -> Configuration {
      let issuers = zip(names, urls).map { issuer($0, $1) }
      return configuration(issuers[0], issuers[1], issuers[2])
    }
    let service = service()
    let first = service.owners(for: named(["a", "b", "c"]))
    for (keys, kid) in zip(first, ["k1", "k2", "k3"]) {
      keys.restore(with: try AnswersFixture.fetched(kid), age: .zero)
    }
    let next = named(names)
    let second = service.owners(for: next)
    service.dismissAll(but: next)
    #expect(second.map { $0.snapshot?.keys.entries.map(\.kid) } == [["k1"], ["k2"], ["k3"]])
    #expect(second.allSatisfy(isRunning))
    // Nor is there a reason to ask a provider.
    #expect(second.map { $0.status(at: .now).fetches } == [0, 0, 0])
  }

  @Test("the log calls a renamed issuer by its new name", .timeLimit(.minutes(10)))
  func renamedInTheLog() async throws {
    let (changes, changed) = AsyncStream<Void>.makeStream()
    let service = service { changed.yield() }
    let before = issuer("old") { $0.source = .jwksFile("/nonexistent/jwks.json") }
    var after = before
    after.name = "new"
    let keys = try #require(service.owners(for: configuration(before)).first)
    _ = service.owners(for: configuration(after))
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await keys.run() }
      for await _ in changes { break }
      keys.shutDown()
    }
    let line = try #require(log.lines.first)
    #expect(line.hasPrefix("warning key refresh failed"))
    #expect(line.contains(#""bearerd.issuer": new"#))
  }

  @Test("the same issuer with other algorithms takes over the keys that it still trusts, and their age")
  func takenOver() throws {
    let service = service()
    let first = try #require(service.owners(for: configuration(issuer())).first)
    first.restore(with: try AnswersFixture.fetched("k1"), age: .seconds(3600))
    // By another's name, too.
    let next = configuration(
      issuer("other", "https://idp.invalid") { $0.algorithms = [.es256] }, issuer("idp", "https://new.invalid"))
    let owners = service.owners(for: next)
    service.dismissAll(but: next)
    let second = try #require(owners.first)
    #expect(second !== first)
    #expect(!isRunning(first))
    #expect(second.snapshot?.keys.usableKeys == 1)
    #expect(owners.last?.snapshot == nil)
    guard case .stale(let age)? = second.snapshot?.state(at: second.now) else {
      Issue.record("the keys are not as old as they were")
      return
    }
    #expect(age >= .seconds(3600))
  }

  @Test(
    "keys that came under another trust expire within a minute, those under the same do not",
    arguments: ["ca_file", "connect_to", "client_certificate", "refresh"])
  func trust(key: String) throws {
    let change: (inout IssuerConfiguration) -> Void = { issuer in
      switch key {
      case "ca_file": issuer.caFile = "/nonexistent"
      case "connect_to": issuer.connectTo = HostAndPort("10.0.0.1")
      case "client_certificate": issuer.clientCertificate = "/nonexistent"
      default: issuer.refresh = .seconds(500)
      }
    }
    let isOther = key != "refresh"
    let service = service()
    let keys = try #require(service.owners(for: configuration(issuer())).first)
    keys.restore(with: try AnswersFixture.fetched("k1"), age: .zero)
    #expect(service.owners(for: configuration(issuer(changed: change))).first === keys)
    #expect((keys.health(at: keys.now + .seconds(60)) == .expired) == isOther)
    #expect(keys.health(at: keys.now) == .fresh)
  }

  @Test("nor do they last when the algorithms change before the provider has spoken under the new trust")
  func trustThenAlgorithms() throws {
    let service = service()
    let keys = try #require(service.owners(for: configuration(issuer())).first)
    keys.restore(with: try AnswersFixture.fetched("k1"), age: .zero)
    _ = service.owners(for: configuration(issuer { $0.caFile = "/nonexistent" }))
    let next = configuration(
      issuer {
        $0.caFile = "/nonexistent"
        $0.algorithms = [.es256]
      })
    let owner = try #require(service.owners(for: next).first)
    #expect(owner !== keys)
    #expect(owner.snapshot == nil)
  }

  @Test("an issuer that went is ended")
  func dismissed() throws {
    let service = service()
    let owners = service.owners(for: configuration(issuer("a", "https://a.invalid"), issuer("b", "https://b.invalid")))
    let next = configuration(issuer("b", "https://b.invalid"))
    #expect(service.owners(for: next).first === owners[1])
    service.dismissAll(but: next)
    #expect(!isRunning(owners[0]))
    #expect(isRunning(owners[1]))
  }

  private func isRunning(_ keys: IssuerKeys) -> Bool {
    let decision = keys.requestKey(kid: nil, notIn: nil, now: .now, waitAtMost: .zero, wait: .init(user: 0, bytes: 0)) {
      _ in
    }
    if case .shuttingDown = decision { return false }
    return true
  }

  @Test("a reload fetches only where the way to the keys is another")
  func fetchesAfterReload() throws {
    let service = service()
    let keys = try #require(service.owners(for: configuration(issuer())).first)
    for (fetches, change): (UInt64, (inout IssuerConfiguration) -> Void) in [
      (0, { _ in }), (0, { $0.refresh = .seconds(60) }), (0, { $0.keyWait = .zero }),
      (1, { $0.connectTo = HostAndPort("127.0.0.1:1") }), (1, { $0.connectTo = HostAndPort("127.0.0.1:1") }),
      (2, { $0.caFile = "/ca.pem" }),
    ] {
      _ = service.owners(for: configuration(issuer(changed: change)))
      #expect(keys.status(at: .now).fetches == fetches)
    }
  }

  @Test("an issuer that was dropped and comes back begins anew")
  func back() throws {
    let service = service()
    let both = configuration(issuer("a", "https://a.invalid"), issuer("b", "https://b.invalid"))
    let first = service.owners(for: both)
    let one = configuration(issuer("b", "https://b.invalid"))
    _ = service.owners(for: one)
    service.dismissAll(but: one)
    let second = service.owners(for: both)
    service.dismissAll(but: both)
    #expect(second[0] !== first[0])
    #expect(second[1] === first[1])
    #expect(second.allSatisfy(isRunning))
  }

  @Test("changed limits hold for an issuer that is the same, each time that they change")
  func limits() throws {
    let service = service()
    for (capacity, count) in [(65_536, 21), (131_072, 42), (65_536, 21)] {
      var next = configuration(issuer { $0.keyWait = .seconds(600) })
      next.limits.waitingBytes = capacity
      let keys = try #require(service.owners(for: next).first)
      let waits = (0..<100).compactMap { _ -> WaitHandle? in
        let decision = keys.requestKey(
          kid: nil, notIn: nil, now: .now, waitAtMost: .seconds(600), wait: .init(user: 0, bytes: 0)
        ) { _ in }
        if case .waiting(let wait) = decision { return wait }
        return nil
      }
      #expect(waits.count == 100)
      #expect(waits.count { !$0.isWithoutRoom } == count)
      for wait in waits { wait.cancel() }
    }
  }

  /// A provider with one key, and a directory in which its key sets are kept.
  private struct Kept {
    let directory = FileManager.default.temporaryDirectory.appending(path: "bearerd-\(UUID().uuidString)").path()
    let store: SnapshotStore
    let provider: FaultyProvider
    let url: String

    init() async throws {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
      store = SnapshotStore(directory: directory)
      provider = try await FaultyProvider.start()
      provider.setKeys(TestKey.set(try TestKey(kid: "k1")))
      url = "http://localhost:\(provider.port)"
      provider.present(issuer: url, keysAddress: "\(url)/jwks")
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }
  }

  @Test(
    "a set that is fetched is kept, also after a reload, by the time that the service has ended",
    .timeLimit(.minutes(10)))
  func snapshotsAfterReload() async throws {
    let kept = try await Kept()
    defer { kept.remove() }
    let (store, provider, before) = (kept.store, kept.provider, issuer("idp", kept.url))
    // Another way to the same keys.
    let after = issuer("idp", kept.url) { $0.connectTo = HostAndPort("127.0.0.1:\(provider.port)") }

    let (changes, changed) = AsyncStream<Void>.makeStream()
    let service = service(store) { changed.yield() }
    let keys = try #require(service.owners(for: configuration(before)).first)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await keys.run() }
      #expect(await keys.waitUntilHasKeys())
      _ = service.owners(for: configuration(after))
      for await _ in changes {
        await service.settle()
        if store.load(after, logger: log.logger) != nil { break }
      }
      keys.shutDown()
    }
    #expect(store.load(after, logger: log.logger) != nil)
    #expect(store.load(before, logger: log.logger) == nil)
    await provider.stop()
  }

  @Test("a set that came before a reload brought another trust is not kept as one of that", .timeLimit(.minutes(10)))
  func lateSnapshot() async throws {
    let kept = try await Kept()
    defer { kept.remove() }
    let (store, provider, before) = (kept.store, kept.provider, issuer("idp", kept.url))
    // Nobody is there.
    let after = issuer("idp", kept.url) { $0.connectTo = HostAndPort("127.0.0.1:1") }

    // What is told first holds up what comes after it, so that the reload is between a set and its being told.
    let isTold = DispatchSemaphore(value: 0)
    let isFirst = Atomic(true)
    let service = service(store) { if isFirst.exchange(false, ordering: .relaxed) { isTold.wait() } }
    let keys = try #require(service.owners(for: configuration(before)).first)
    keys.restore(with: try AnswersFixture.fetched("k0"), age: .zero)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await keys.run() }
      while keys.snapshot?.generation != 2 { await Task.yield() }
      _ = service.owners(for: configuration(after))
      isTold.signal()
      while keys.status(at: keys.now).failures == 0 || !log.lines.contains(where: { $0.contains("refresh failed") }) {
        await Task.yield()
      }
      keys.shutDown()
    }
    await service.settle()
    #expect(log.lines.contains { $0.contains("key set replaced") })
    #expect(store.load(after, logger: log.logger) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: kept.directory).isEmpty)
    await provider.stop()
  }
}
