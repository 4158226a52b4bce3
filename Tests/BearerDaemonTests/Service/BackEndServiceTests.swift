import BearerAddress
import BearerClaims
import BearerFetch
import BearerIntrospection
import BearerKeys
import BearerProviderKit
import BearerTestKit
import Foundation
import NIOPosix
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// What a reload does to back-ends.
@Suite(.timeLimit(.minutes(10))) struct BackEndServiceTests {
  private let log = CapturedLog()
  private let files = FilePoller(group: MultiThreadedEventLoopGroup.singleton)

  private func service() -> BackEndService {
    BackEndService(
      .init(
        network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:]), files: files,
        clock: ManualClock(), room: WaitingRoom()),
      environment: [:], logger: log.logger)
  }

  private func configuration(
    url: String = "https://idp.invalid", _ change: (inout IssuerConfiguration, inout IntrospectionConfiguration) -> Void
  ) -> Configuration {
    var issuer = IssuerConfiguration(name: "idp", url: url)
    issuer.refreshSettings.keyWait = .seconds(20)
    var introspection = IntrospectionConfiguration()
    introspection.clientID = "bearerd"
    introspection.clientSecretFile = "/nowhere"
    change(&issuer, &introspection)
    issuer.introspection = introspection
    return Configuration(
      issuers: [issuer], policies: [Policy(name: "default", issuers: [issuer.name], audiences: ["api"])])
  }

  @Test("a back-end that is asked in the same way keeps what it knows, whatever else changes")
  func unchanged() throws {
    let service = service()
    let first = try #require(service.backEnds(for: configuration { _, _ in })[0]).backEnd
    let changes: [(inout IssuerConfiguration, inout IntrospectionConfiguration) -> Void] = [
      { _, _ in }, { _, new in new.settings.cache = .zero }, { _, new in new.settings.callsPerSecond = 1 },
      { _, new in new.assumedAudiences = ["api"] }, { issuer, _ in issuer.name = "renamed" },
      { issuer, _ in issuer.refreshSettings.keyWait = .zero }, { issuer, _ in issuer.refresh = .seconds(60) },
    ]
    for change in changes {
      let next = configuration(change)
      #expect(service.backEnds(for: next)[0]?.backEnd === first)
      service.dismissAll(but: next)
    }
  }

  @Test("one that is asked elsewhere, as somebody else or by other means begins anew")
  func changed() throws {
    let changes: [(inout IssuerConfiguration, inout IntrospectionConfiguration) -> Void] = [
      { _, new in new.endpoint = "https://idp.invalid/other" }, { _, new in new.clientID = "other" },
      { _, new in new.authentication = .secretPost }, { _, new in new.basicEncoding = .raw },
      { _, new in new.clientSecretFile = "/elsewhere" },
      { _, new in new = IntrospectionConfiguration() }, { _, new in new.kind = .userinfo },
      { issuer, _ in issuer.caFile = "/ca.pem" }, { issuer, _ in issuer.url = "https://idp.invalid/" },
      { issuer, _ in issuer.connectTo = HostAndPort("127.0.0.1:1") },
    ]
    for change in changes {
      let service = service()
      let first = try #require(service.backEnds(for: configuration { _, _ in })[0]).backEnd
      let next = configuration(change)
      #expect(service.backEnds(for: next)[0]?.backEnd !== first)
      service.dismissAll(but: next)
      guard case .shuttingDown = ask(first, token: "abc", { _ in }) else {
        Issue.record("it can still be asked")
        continue
      }
    }
  }

  @Test("what the old back-end answers after a reload counts for nothing, and who waits is told to ask again")
  func lateAnswer() async throws {
    try await run { service, provider in
      let first = try #require(service.backEnds(for: configuration(url: provider.issuer, at(provider)))[0]).backEnd
      provider.answer(.backEnd, with: .held)
      let (outcomes, told) = AsyncStream<StatusOutcome>.makeStream()
      guard case .waiting = ask(first, token: "abc", { told.yield($0) }) else { throw Unexpected() }
      _ = await provider.request(1)
      let next = configuration(url: provider.issuer) { issuer, new in
        at(provider)(&issuer, &new)
        new.endpoint = provider.origin + "/userinfo"
      }
      let second = try #require(service.backEnds(for: next)[0]).backEnd
      service.dismissAll(but: next)
      provider.setBackEndAnswer(#"{"active":true}"#)
      provider.release()
      for await outcome in outcomes {
        guard case .shuttingDown = outcome else { throw Unexpected() }
        break
      }
      let question = StatusQuestion(TokenDigest(Array("abc".utf8).span, of: .opaqueToken), .opaque)
      #expect(second.known(question, at: second.now) == nil)
      guard case .active = try await word(second, token: "abc") else { throw Unexpected() }
      #expect(provider.backEndRequests.map(\.path) == ["/introspect", "/userinfo"])
    }
  }

  @Test("a secret whose file changes is read anew, and what was said to the old one is forgotten")
  func secret() async throws {
    let path = NSTemporaryDirectory() + "bearerd-secret-\(UUID().uuidString)"
    try "one".write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await run { service, provider in
      let configuration = configuration(url: provider.issuer) { issuer, new in
        at(provider)(&issuer, &new)
        new.authentication = .bearer
        new.bearerTokenFile = path
      }
      let backEnd = try #require(service.backEnds(for: configuration)[0]).backEnd
      guard case .inactive = try await word(backEnd, token: "abc") else { throw Unexpected() }
      func told() -> Int { log.lines.count { $0.contains("credentials are read again") } }
      var seen = told()
      try "two".write(toFile: path, atomically: true, encoding: .utf8)
      // A look before the write may be told after it; the one that saw the write is told in any case.
      repeat {
        while told() == seen {
          files.poll()
          await Task.yield()
        }
        seen = told()
        _ = try await word(backEnd, token: "abc\(seen)")
      } while provider.backEndRequests.last?.headers["authorization"] == "Bearer one"
      let sent = provider.backEndRequests.map { $0.headers["authorization"] }
      #expect(sent.first == "Bearer one" && sent.last == "Bearer two")
      #expect(!log.lines.contains { $0.contains("one\"") || $0.contains("two\"") })
    }
  }

  @Test("a back-end that refuses the credentials is loud once, whichever token meets it, and told when it is over")
  func refused() async throws {
    try await run { service, provider in
      let backEnd = try #require(
        service.backEnds(for: configuration(url: provider.issuer, at(provider)))[0]
      ).backEnd
      guard case .inactive = try await word(backEnd, token: "a") else { throw Unexpected() }
      provider.answer(.backEnd, with: .status(401))
      for token in ["made-up-1", "made-up-2", "made-up-3"] {
        guard case .failed? = await outcome(backEnd, token: token) else { throw Unexpected() }
      }
      #expect(backEnd.status(at: backEnd.now).fault?.code == .credentialsRefused)
      let told = log.lines.dropFirst()
      #expect(log.lines.first?.hasPrefix("notice the back-end called a token inactive, the first ") == true)
      #expect(log.lines.first?.contains(TokenQuestion.inactiveHint) == true)
      #expect(told.count == 1)
      #expect(told.first?.hasPrefix("error the back-end cannot be asked with the configured credentials ") == true)
      #expect(told.first?.contains(#""bearerd.issuer": idp"#) == true)
      #expect(told.first?.contains(#""bearerd.code": credentials_refused"#) == true)
      #expect(told.first?.contains("made-up") == false)
      provider.answer(.backEnd, with: .document)
      guard case .inactive = try await word(backEnd, token: "e") else { throw Unexpected() }
      #expect(backEnd.status(at: backEnd.now).fault == nil)
      #expect(log.lines.count == 3 && log.lines.last?.hasPrefix("notice the back-end answers again ") == true)
    }
  }

  @Test("of a row of failures the first, second, fourth, eighth … is told, and what is the operator's fault is louder")
  func rows() {
    for number in 1...9 {
      log.logger.tell(.failed(BackEndFault(.httpStatus, found: "what was found"), consecutive: number))
    }
    for number in 1...2 {
      log.logger.tell(.failed(BackEndFault(.credentialsUnreadable, found: "x"), consecutive: number))
    }
    log.logger.tell(.callsAllInactive)
    #expect(
      log.lines.map { $0.split(separator: " [").first ?? "" }
        == [Substring](repeating: "warning the back-end did not answer as it must", count: 4)
        + [Substring](repeating: "error the back-end cannot be asked with the configured credentials", count: 2) + [
          "warning the back-end calls every token inactive whose signature is good; this client may not be in their aud, its secret may be wrong, or the provider's database away"
        ])
  }

  // MARK: Means

  private struct Unexpected: Error {}

  private func at(
    _ provider: FaultyProvider
  ) -> (inout IssuerConfiguration, inout IntrospectionConfiguration) -> Void {
    { issuer, new in
      new.endpoint = provider.origin + "/introspect"
      new.authentication = .none
      new.clientSecretFile = nil
    }
  }

  private func run(_ body: (BackEndService, FaultyProvider) async throws -> Void) async throws {
    let service = service()
    let provider = try await FaultyProvider.start()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await service.run() }
      defer { group.cancelAll() }
      do { try await body(service, provider) } catch {
        await provider.stop()
        throw error
      }
      await provider.stop()
    }
  }

  private func ask(
    _ backEnd: BackEnd, token: String, _ wakeUp: @escaping @Sendable (StatusOutcome) -> Void
  ) -> StatusDecision {
    let bytes = Array(token.utf8)
    return backEnd.ask(
      StatusQuestion(TokenDigest(bytes.span, of: .opaqueToken), .opaque), now: backEnd.now, waitAtMost: .seconds(20),
      wait: WaitingRoom.Wait(user: 0, bytes: 0), call: { StatusCall(token: bytes, identity: nil) }, wakeUp: wakeUp)
  }

  /// How a wait for an answer about a token ended; `nil` if there was none.
  private func outcome(_ backEnd: BackEnd, token: String) async -> StatusOutcome? {
    let (outcomes, told) = AsyncStream<StatusOutcome>.makeStream()
    guard case .waiting = ask(backEnd, token: token, { told.yield($0) }) else { return nil }
    return await outcomes.first { _ in true }
  }

  /// The back-end's word about a token; asked for again while credentials change.
  private func word(_ backEnd: BackEnd, token: String) async throws -> TokenStatus {
    while true {
      let (outcomes, told) = AsyncStream<StatusOutcome>.makeStream()
      switch ask(backEnd, token: token, { told.yield($0) }) {
      case .known(let known):
        if case .active(let answer?) = known.word { return .active(answer) }
        return .inactive
      case .waiting:
        var superseded = false
        for await outcome in outcomes {
          switch outcome {
          case .answered(let status): return status
          case .superseded: superseded = true
          default: throw Unexpected()
          }
          break
        }
        if !superseded { throw Unexpected() }
      default: throw Unexpected()
      }
    }
  }
}
