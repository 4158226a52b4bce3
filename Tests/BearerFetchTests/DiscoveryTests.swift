import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerTestKit
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import BearerFetch

@Suite(.timeLimit(.minutes(2)))
struct DiscoveryTests {
  @Test("one slash at the end of url does not double in the address of the document; a second one stays")
  func slash() async throws {
    try await ProviderTrial.run(path: "/realms/a/") { trial in
      let fetched = await trial.source().fetch(previous: nil, validators: nil).fetched
      #expect(fetched?.keys.usableKeys == 1)
      #expect(trial.provider.requests.first?.path == "/realms/a/.well-known/openid-configuration")
    }
    try await ProviderTrial.run(path: "/realms/a//") { trial in
      #expect(await trial.code() == nil)
      #expect(trial.provider.requests.first?.path == "/realms/a//.well-known/openid-configuration")
    }
  }

  static let discoveryAnswers: [(ProviderAnswer, FetchFault.Code)] = [
    (.status(502), .httpStatus), (.redirect(to: "https://evil.test/"), .redirectRefused), (.html, .notJSON),
    (.body("[]"), .notDiscovery), (.body("{}"), .notDiscovery), (.body(#"{"issuer":7}"#), .notDiscovery),
    (.body(#"{"issuer":"a","issuer":"a"}"#), .notJSON), (.truncated, .bodyTruncated),
    (.oversized(bytes: 50_000_000, isAnnounced: false), .bodyTooLarge), (.reset, .connectionReset),
  ]

  @Test("each thing that a provider can do wrong with discovery has its code", arguments: discoveryAnswers.indices)
  func discoveryFault(_ index: Int) async throws {
    let (answer, code) = Self.discoveryAnswers[index]
    try await ProviderTrial.run { trial in
      trial.provider.answer(.discovery, with: answer)
      #expect(await trial.code() == code)
      #expect(trial.provider.keyRequests == 0)
    }
  }

  @Test(
    "a provider elsewhere may not name a port of this host, one on this host may",
    arguments: [
      ("https://idp.example", "http://127.0.0.1:9000/k", false), ("https://idp.example", "http://localhost/k", false),
      ("https://idp.example", "http://[::1]:9000/k", false), ("https://idp.example", "https://127.0.0.1/k", true),
      ("http://127.0.0.1:8080", "http://127.0.0.1:9000/k", true), ("http://localhost", "http://[::1]/k", true),
    ])
  func loopbackKeys(issuer: String, keys: String, isAllowed: Bool) throws {
    let body = #"{"issuer":"\#(issuer)","jwks_uri":"\#(keys)"}"#
    let answer = HTTPAnswer(
      address: try DiscoveryDocument.address(ofIssuer: issuer), status: 200, headers: [:], body: Array(body.utf8))
    var code: FetchFault.Code?
    do throws(FetchFault) { _ = try DiscoveryDocument(parsing: answer, issuer: issuer) } catch { code = error.code }
    #expect(code == (isAllowed ? nil : .jwksURIRefused))
  }

  @Test("another issuer in the document: issuer_mismatch, with both names")
  func issuerMismatch() async throws {
    try await ProviderTrial.run { trial in
      let configured = trial.provider.issuer
      for other in ["https://other.test", configured + "/", configured.uppercased(), configured + "\u{301}"] {
        trial.provider.present(issuer: other)
        let fault = await trial.source { $0.url = configured }.fetch(previous: nil, validators: nil).fault
        #expect(fault?.code == .issuerMismatch)
        #expect(fault?.message.contains(configured) == true)
        #expect(fault?.message.contains("slash") == (other == configured + "/"))
      }
      #expect(trial.provider.keyRequests == 0)
    }
  }

  @Test("issuers are compared byte by byte, not as people read them")
  func canonicalIssuer() async throws {
    try await ProviderTrial.run(path: "/realms/K") { trial in
      let configured = trial.provider.issuer
      // The Kelvin sign is canonically equivalent to the letter.
      trial.provider.present(issuer: configured.dropLast() + "\u{212A}")
      #expect(await trial.code { $0.url = configured } == .issuerMismatch)
    }
  }

  @Test("a document without jwks_uri: no_jwks_uri")
  func noKeysAddress() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.answer(.discovery, with: .body(#"{"issuer":"\#(trial.provider.issuer)","jwks_uri":null}"#))
      #expect(await trial.code() == .noJWKSURI)
    }
  }

  @Test(
    "a jwks_uri that is neither https nor loopback: jwks_uri_refused, wherever it comes from",
    arguments: ["http://keys.example.test/jwks", "ftp://127.0.0.1/jwks", "/jwks", "http://127.0.0.1.evil.test/jwks"])
  func keysAddressRefused(_ address: String) async throws {
    try await ProviderTrial.run { trial in
      trial.provider.present(keysAddress: address)
      #expect(await trial.code() == .jwksURIRefused)
      #expect(await trial.code { $0.kind = .jwksURI(address) } == .jwksURIRefused)
    }
  }

  @Test("discovery is read again after its time, and at once after a failure")
  func discoveryReuse() async throws {
    try await ProviderTrial.run { trial in
      let source = trial.source(discoveryReuse: .seconds(3600))
      func discoveries() -> Int { trial.provider.requests.count - trial.provider.keyRequests }
      #expect(await source.fetch(previous: nil, validators: nil).fault == nil)
      #expect(await source.fetch(previous: nil, validators: nil).fault == nil)
      #expect(discoveries() == 1)
      trial.provider.answerNext(.keys, with: .status(404))
      #expect(await source.fetch(previous: nil, validators: nil).fault?.code == .httpStatus)
      #expect(await source.fetch(previous: nil, validators: nil).fault == nil)
      #expect(discoveries() == 2)
      let impatient = trial.source(discoveryReuse: .zero)
      #expect(await impatient.fetch(previous: nil, validators: nil).fault == nil)
      #expect(await impatient.fetch(previous: nil, validators: nil).fault == nil)
      #expect(discoveries() == 4)
    }
  }

  @Test("what discovery named is used for five minutes")
  func discoveryReuseTime() async throws {
    try await ProviderTrial.run { trial in
      let start = ContinuousClock.now
      let passed = Mutex(Duration.zero)
      let source = IssuerKeySource(
        settings: trial.settings(),
        network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:]),
        now: { start + passed.withLock { $0 } })
      for (second, discoveries) in [(0, 1), (299, 1), (300, 2), (599, 2), (600, 3)] {
        passed.withLock { $0 = .seconds(second) }
        #expect(await source.fetch(previous: nil, validators: nil).fault == nil)
        #expect(trial.provider.requests.count - trial.provider.keyRequests == discoveries)
      }
    }
  }

  @Test("while discovery cannot be had, every other fetch goes to where it last said that the keys are")
  func discoveryOutage() async throws {
    try await ProviderTrial.run { trial in
      let source = trial.source(discoveryReuse: .zero)
      func code() async -> FetchFault.Code? { await source.fetch(previous: nil, validators: nil).fault?.code }
      #expect(await code() == nil)
      for answer in [ProviderAnswer.status(503), .html, .reset] {
        trial.provider.answer(.discovery, with: answer)
        #expect(await code() != nil)
        #expect(await code() == nil)
      }
      // Not from a place that the provider itself does not name any more.
      trial.provider.answer(.discovery, with: .document)
      trial.provider.present(issuer: "https://other.test")
      #expect(await code() == .issuerMismatch)
      #expect(await code() == .issuerMismatch)
    }
  }

  @Test("who looks anew finds keys that have moved")
  func movedKeys() async throws {
    try await ProviderTrial.run { trial in
      try await ProviderTrial.run { new in
        let source = trial.source(discoveryReuse: .seconds(3600))
        #expect(await source.fetch(previous: nil, validators: nil).fetched != nil)
        trial.provider.present(keysAddress: new.provider.origin + "/jwks")
        #expect(await source.fetch(previous: nil, validators: nil).fetched != nil)
        #expect(new.provider.requests.isEmpty)
        source.forgetDiscovery(bypassCaches: false)
        #expect(await source.fetch(previous: nil, validators: nil).fetched != nil)
        #expect(new.provider.keyRequests == 1)
      }
    }
  }
}
