import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerSigning
import BearerTestKit
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import BearerFetch

@Suite(.timeLimit(.minutes(10)))
struct IssuerKeySourceTests {
  @Test("discovery leads to the key set, asked for as a program asks")
  func discovery() async throws {
    try await ProviderTrial.run(path: "/realms/a") { trial in
      trial.provider.setHeaders([("Cache-Control", "max-age=300"), ("Age", "100"), ("ETag", "\"one\"")])
      let fetched = try #require(await trial.source().fetch(previous: nil, validators: nil).fetched)
      #expect(fetched.keys.entries.map(\.kid) == ["k1"])
      #expect(fetched.keys.usableKeys == 1)
      #expect(fetched.body == Array(TestKey.set(trial.key).utf8))
      #expect(fetched.lifetime == .seconds(200))
      #expect(fetched.validators == FetchValidators(etag: "\"one\""))
      let requests = trial.provider.requests
      #expect(requests.map(\.path) == ["/realms/a/.well-known/openid-configuration", "/jwks"])
      let headers = try #require(requests.last?.headers)
      #expect(headers["host"] == "127.0.0.1:\(trial.provider.port)")
      #expect(headers["accept"] == "application/jwk-set+json, application/json")
      #expect(headers["accept-encoding"] == "identity")
      #expect(headers["user-agent"] == "bearerd")
      #expect(headers["cookie"] == nil && headers["authorization"] == nil)
    }
  }

  @Test("jwks_uri skips discovery, and url may then be any string")
  func configuredAddress() async throws {
    try await ProviderTrial.run { trial in
      let source = trial.source {
        $0.origin = .jwksURI(trial.provider.origin + "/jwks")
        $0.url = "accounts.example.test"
      }
      #expect(await source.fetch(previous: nil, validators: nil).fetched?.keys.usableKeys == 1)
      #expect(trial.provider.requests.map(\.path) == ["/jwks"])
    }
  }

  @Test("localhost is fetched from loopback with its own name in Host")
  func localhost() async throws {
    try await ProviderTrial.run { trial in
      let origin = "http://localhost:\(trial.provider.port)"
      trial.provider.present(issuer: origin, keysAddress: origin + "/jwks")
      #expect(await trial.source().fetch(previous: nil, validators: nil).fetched?.keys.usableKeys == 1)
      #expect(
        trial.provider.requests.map { $0.headers["host"] }
          == Array(repeating: "localhost:\(trial.provider.port)", count: 2))
    }
  }

  /// What a provider does to its key set, and the code that it must lead to.
  static let answers: [(ProviderAnswer, FetchFault.Code)] = [
    (.status(500), .httpStatus), (.status(503, headers: [("Retry-After", "60")]), .httpStatus),
    (.status(404), .httpStatus), (.status(401), .httpStatus), (.status(204), .httpStatus), (.status(201), .httpStatus),
    // Nobody asked whether anything changed.
    (.status(304), .httpStatus),
    (.redirect(301, to: "/elsewhere"), .redirectRefused),
    (.redirect(302, to: "https://evil.test/jwks"), .redirectRefused),
    (.redirect(303, to: "/jwks"), .redirectRefused), (.redirect(307, to: "/jwks"), .redirectRefused),
    (.redirect(308, to: "/jwks"), .redirectRefused),
    (.html, .notJSON), (.gzip, .notJSON), (.shortened, .notJSON), (.duplicateMembers, .notJSON), (.body(""), .notJSON),
    (.body(#"{"keys":["#), .notJSON),
    (.truncated, .bodyTruncated), (.truncatedChunked, .bodyTruncated),
    (.oversized(bytes: 50_000_000, isAnnounced: true), .bodyTooLarge),
    (.oversized(bytes: 50_000_000, isAnnounced: false), .bodyTooLarge),
    (.oversized(bytes: FetchLimits.bodyBytes + 1, isAnnounced: false), .bodyTooLarge),
    (.oversized(bytes: FetchLimits.bodyBytes, isAnnounced: false), .notJSON),
    (.body("[]"), .notAKeySet), (.body(#"{"keys":{}}"#), .notAKeySet), (.body(#"{"error":"x"}"#), .notAKeySet),
    (.emptySet, .emptyKeySet), (.noUsableKey, .noUsableKey),
    (.closed, .connectionReset), (.reset, .connectionReset), (.notHTTP, .invalidHTTP),
  ]

  @Test("each thing that a provider can do wrong with its keys has its code", arguments: answers.indices)
  func keysFault(_ index: Int) async throws {
    let (answer, code) = Self.answers[index]
    try await ProviderTrial.run { trial in
      trial.provider.answer(.keys, with: answer)
      #expect(await trial.code() == code)
      // No redirect followed and nothing repeated, but what a connection that was closed meanwhile did not bring.
      let asked = ["/.well-known/openid-configuration", "/jwks"] + (code == .connectionReset ? ["/jwks"] : [])
      #expect(trial.provider.requests.map(\.path) == asked)
      trial.provider.answer(.keys, with: .document)
      #expect(await trial.code() == nil)
    }
  }

  /// No answer, one that grows for ever, and one that lacks nothing but its end.
  static let endless: [ProviderAnswer] = [.silence, .drip, .unfinished]

  @Test("a fetch that never ends is cut at its timeout, whatever it waits for", arguments: endless.indices)
  func timeout(_ index: Int) async throws {
    try await ProviderTrial.run { trial in
      for endpoint in [FaultyProvider.Endpoint.discovery, .keys] {
        trial.provider.answer(endpoint, with: Self.endless[index])
        #expect(await trial.code { $0.timeout = .milliseconds(300) } == .timedOut)
        trial.provider.answer(endpoint, with: .document)
      }
    }
  }

  @Test("a server that accepts and never says a byte is left at the timeout, with and without TLS")
  func mute() async throws {
    let provider = try await FaultyProvider.start(isMute: true)
    for scheme in ["http", "https"] {
      let source = IssuerKeySource(
        settings: KeySourceSettings(
          url: "\(scheme)://localhost:\(provider.port)", algorithms: [.es256], timeout: .milliseconds(300)),
        network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:]))
      #expect(await source.fetch(previous: nil, validators: nil).fault?.code == .timedOut)
    }
    await provider.stop()
  }

  @Test("discovery and key set share one timeout: two answers that are each in time are too late together")
  func oneTimeout() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.answer(.discovery, with: .late(milliseconds: 700))
      trial.provider.answer(.keys, with: .held)
      async let code = trial.code { $0.timeout = .milliseconds(1200) }
      _ = await trial.provider.request(1)
      // The fetch began before, so that whichever loop has its timer, the timer ran when this one has.
      let end = NIODeadline.now() + .milliseconds(1200)
      for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
        try await loop.scheduleTask(deadline: end) {}.futureResult.get()
      }
      trial.provider.release()
      #expect(await code == .timedOut)
    }
  }

  @Test("a length over the bound is refused where it is announced, before a byte of it")
  func announced() async throws {
    try await ProviderTrial.run { trial in
      for endpoint in [FaultyProvider.Endpoint.discovery, .keys] {
        trial.provider.answer(endpoint, with: .announced(bytes: FetchLimits.bodyBytes + 1))
        #expect(await trial.code() == .bodyTooLarge)
        trial.provider.answer(endpoint, with: .document)
      }
    }
  }

  @Test("a 50 MB body is left at the bound, not read to its end")
  func flood() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.answer(.keys, with: .oversized(bytes: 50_000_000, isAnnounced: false))
      #expect(await trial.code() == .bodyTooLarge)
      // What the sockets' buffers hold is sent as well; the rest is not.
      #expect(trial.provider.bytesSent < 25_000_000)
    }
  }

  @Test("nothing listens: connect_failed")
  func refused() async throws {
    try await ProviderTrial.run { trial in
      let held = try #require(HeldPort())
      defer { held.release() }
      for host in ["127.0.0.1", "localhost"] {
        #expect(await trial.code { $0.url = "http://\(host):\(held.port)" } == .connectFailed)
      }
    }
  }

  @Test("localhost is ::1 where nothing listens on 127.0.0.1", .enabled(if: hasIPv6))
  func otherLoopback() async throws {
    let held = try #require(HeldPort())
    defer { held.release() }
    let provider = try await FaultyProvider.start(on: "::1", port: held.port)
    provider.setKeys(TestKey.set(try TestKey(kid: "k1")))
    let origin = "http://localhost:\(provider.port)"
    provider.present(issuer: origin, keysAddress: origin + "/jwks")
    let source = IssuerKeySource(
      settings: KeySourceSettings(url: origin, algorithms: ProviderTrial.algorithms, timeout: .seconds(30)),
      network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:]))
    #expect(await source.fetch(previous: nil, validators: nil).fetched?.keys.entries.map(\.kid) == ["k1"])
    #expect(provider.requests.map { "http://\($0.headers["host"] ?? "")" } == [origin, origin])
    await provider.stop()
  }

  @Test("a name without an address: dns_failed")
  func noName() async throws {
    try await ProviderTrial.run { trial in
      // Longer than a label may be (RFC 1035 section 2.3.4): every resolver says no without asking anyone.
      let name = String(repeating: "a", count: 64)
      #expect(await trial.code { $0.url = "https://\(name).test" } == .dnsFailed)
    }
  }

  @Test(
    "an issuer that is no address to fetch from is refused before anything is sent",
    arguments: ["accounts.example.test", "http://auth.example.test", "https://a.test?x=1", "https://u:p@a.test", ""])
  func invalidURL(_ url: String) async throws {
    try await ProviderTrial.run { trial in
      #expect(await trial.code { $0.url = url } == .invalidURL)
    }
  }

  @Test("a connection that the provider closed after its answer, without a word, is no failure")
  func closedAfterAnswer() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.answerNext(.keys, with: .closed)
      #expect(await trial.code() == nil)
      #expect(trial.provider.keyRequests == 2)
      // The first request of a fetch is on a new connection: it is not repeated.
      trial.provider.answerNext(.discovery, with: .closed)
      #expect(await trial.code() == .connectionReset)
      #expect(trial.provider.requests.count == 4)
    }
  }

  @Test("a bad key costs itself only, and algorithms come from the configuration, never from discovery")
  func badKeys() async throws {
    try await ProviderTrial.run { trial in
      let other = try TestKey(kid: "k2", kind: .ed25519)
      trial.provider.setKeys(
        #"{"keys":[{"kty":"AKP","kid":"pq"},\#(trial.key.jwk),{"kty":"oct","kid":"hs","alg":"HS256","k":"AA"},\#(other.jwk)]}"#
      )
      let all = await trial.source().fetch(previous: nil, validators: nil).fetched
      #expect(all?.keys.entries.map(\.isUsable) == [false, true, false, true])
      let some = await trial.source { $0.algorithms = [.es256] }.fetch(previous: nil, validators: nil).fetched
      #expect(some?.keys.entries.map(\.isUsable) == [false, true, false, false])
      #expect(await trial.code { $0.algorithms = [.rs256] } == .noUsableKey)
    }
  }

  @Test("no message holds a query, a redirect's path or a body")
  func discretion() async throws {
    try await ProviderTrial.run { trial in
      for answer in [
        ProviderAnswer.redirect(to: "https://evil.test/hunter2?hunter2"), .body("hunter2"), .status(500),
        .body(#"{"keys":"hunter2"}"#),
      ] {
        trial.provider.answer(.keys, with: answer)
        let source = trial.source { $0.origin = .jwksURI(trial.provider.origin + "/jwks?api_key=hunter2") }
        let fault = try #require(await source.fetch(previous: nil, validators: nil).fault)
        #expect(!fault.message.contains("hunter2"))
      }
    }
  }
}

/// Whether this machine has an IPv6 loopback address.
private let hasIPv6: Bool = {
  let addresses = try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)
  return addresses?.contains(String(repeating: "0", count: 31) + "1") == true
}()
