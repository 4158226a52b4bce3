import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerTestKit
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import BearerFetch

@Suite(.timeLimit(.minutes(10)))
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

  @Test(
    "a server of OAuth 2.0 without OpenID Connect is found by RFC 8414, whose path comes first",
    arguments: [
      ("", "/.well-known/oauth-authorization-server"), ("/", "/.well-known/oauth-authorization-server"),
      ("/realms/a", "/.well-known/oauth-authorization-server/realms/a"),
      ("/realms/a/", "/.well-known/oauth-authorization-server/realms/a"),
    ])
  func metadata(path: String, asked: String) async throws {
    try await ProviderTrial.run(path: path) { trial in
      trial.provider.answer(.discovery, with: .status(404))
      trial.provider.answer(.metadata, with: .document)
      #expect(await trial.source().fetch(previous: nil, validators: nil).fetched?.keys.usableKeys == 1)
      let first = (path.hasSuffix("/") ? String(path.dropLast()) : path) + "/.well-known/openid-configuration"
      #expect(trial.provider.requests.map(\.path) == [first, asked, "/jwks"])
    }
  }

  @Test("what RFC 8414's document says is checked as that of OpenID Connect is")
  func metadataChecks() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.answer(.discovery, with: .status(404))
      let issuer = trial.provider.issuer
      let cases: [(String, FetchFault.Code)] = [
        (#"{"issuer":"https://other.test","jwks_uri":"https://other.test/k"}"#, .issuerMismatch),
        (#"{"issuer":"\#(issuer)"}"#, .noJWKSURI),
        (#"{"issuer":"\#(issuer)","jwks_uri":"http://a.test/k"}"#, .jwksURIRefused),
      ]
      for (document, code) in cases {
        trial.provider.answer(.metadata, with: .body(document))
        #expect(await trial.code() == code)
      }
    }
  }

  @Test("without either document the fault names both places and jwks_uri as the way out; only 404 has a second try")
  func noDiscovery() async throws {
    try await ProviderTrial.run { trial in
      let origin = trial.provider.origin
      trial.provider.answer(.discovery, with: .status(404))
      let last: [(ProviderAnswer, String)] = [
        (.status(404), "answered status 404 in place of 200"),
        (.html, "answered 200, but the body looks like a web page (HTML), not JSON"),
      ]
      for (answer, words) in last {
        trial.provider.answer(.metadata, with: answer)
        let fault = await trial.source().fetch(previous: nil, validators: nil).fault
        #expect(fault?.code == .httpStatus)
        #expect(
          fault?.message
            == "\(origin)/.well-known/openid-configuration answered status 404 in place of 200, and then "
            + "\(origin)/.well-known/oauth-authorization-server \(words). Check the url, which is what tokens have as "
            + "iss, often with a path; if the provider has no discovery, give the address of its keys as jwks_uri.")
      }
      trial.provider.answer(.metadata, with: .document)
      for status in [401, 403, 410, 500] {
        trial.provider.answer(.discovery, with: .status(status))
        #expect(await trial.code() == .httpStatus)
      }
      #expect(trial.provider.requests.count == 8)
    }
  }

  @Test(
    "what costs nothing in a discovery document is tolerated: other members twice, blanks and a fragment at jwks_uri")
  func tolerated() async throws {
    try await ProviderTrial.run { trial in
      let issuer = trial.provider.issuer
      for place in ["\(issuer)/jwks ", "  \(issuer)/jwks\\n", "\(issuer)/jwks#keys", "\(issuer)/jwks#\u{301}"] {
        trial.provider.answer(.discovery, with: .body(#"{"issuer":"\#(issuer)","jwks_uri":"\#(place)"}"#))
        #expect(await trial.code() == nil)
      }
      let twice = #""scopes_supported":["a"],"scopes_supported":["b"],"mtls":{"a":1,"a":2}"#
      trial.provider.answer(.discovery, with: .body(#"{"issuer":"\#(issuer)",\#(twice),"jwks_uri":"\#(issuer)/jwks"}"#))
      #expect(await trial.code() == nil)
    }
  }

  @Test(
    "a second issuer or jwks_uri is refused, even an equal one, also where an escape hides it",
    arguments: ["issuer", "jwks_uri", "introspection_endpoint"])
  func memberTwice(_ name: String) async throws {
    try await ProviderTrial.run { trial in
      let issuer = trial.provider.issuer
      let document = #""issuer":"\#(issuer)","jwks_uri":"\#(issuer)/jwks","introspection_endpoint":"\#(issuer)/jwks""#
      for second in [name, name.replacing("u", with: "\\u0075")] {
        let value = name == "issuer" ? issuer : "\(issuer)/jwks"
        trial.provider.answer(.discovery, with: .body(#"{\#(document),"\#(second)":"\#(value)"}"#))
        let fault = await trial.source().fetch(previous: nil, validators: nil).fault
        #expect(fault?.code == .notJSON)
        #expect(
          fault?.message
            == "\(issuer)/.well-known/openid-configuration has two members named \(name). Have the provider mend it; "
            + "which of the two counts is anyone's guess, so neither does.")
      }
      #expect(trial.provider.keyRequests == 0)
    }
  }

  @Test("a jwks_uri with a blank inside stays refused")
  func blankInside() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.present(keysAddress: "\(trial.provider.origin)/jw ks")
      #expect(await trial.code() == .jwksURIRefused)
    }
  }

  @Test("where the document or a redirect cannot be used, jwks_uri is the way out, and works")
  func wayOut() async throws {
    try await ProviderTrial.run { trial in
      let origin = trial.provider.origin
      let answers: [(FaultyProvider.Endpoint, ProviderAnswer)] = [
        (.discovery, .redirect(301, to: "/x")), (.keys, .redirect(301, to: "/x")), (.discovery, .body("[]")),
        (.discovery, .body(#"{"issuer":"\#(trial.provider.issuer)","jwks_uri":"/jwks"}"#)),
        (.discovery, .body(#"{"issuer":"\#(trial.provider.issuer)","jwks_uri":"http://a.test/k"}"#)),
      ]
      for (endpoint, answer) in answers {
        trial.provider.answerNext(endpoint, with: answer)
        let fault = await trial.source().fetch(previous: nil, validators: nil).fault
        #expect(fault?.advice?.contains("jwks_uri") == true, "\(answer)")
        #expect(await trial.code { $0.origin = .jwksURI("\(origin)/jwks") } == nil)
      }
      trial.provider.answerNext(.keys, with: .status(407))
      let fault = await trial.source().fetch(previous: nil, validators: nil).fault
      #expect(fault?.advice == "check that the url is the provider's own")
    }
  }

  @Test("Entra's template in the document: the advice is the preset, with the tenants that count")
  func template() async throws {
    try await ProviderTrial.run { trial in
      let configured = trial.provider.issuer
      trial.provider.present(issuer: "https://login.microsoftonline.com/{tenantid}/v2.0")
      let fault = await trial.source { $0.url = configured }.fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .issuerMismatch)
      #expect(
        fault?.advice
          == "that is the template of all tenants, and each token has its own tenant in it: write the template as url, with "
          + "preset = \"entra\", and the ids of the tenants that you accept as tenants")
    }
  }

  @Test("a template of tenants is discovered where the provider has all of them, and must be the document's issuer")
  func ofAllTenants() async throws {
    try await ProviderTrial.run { trial in
      let template = trial.provider.origin + "/{tenantid}/v2.0"
      trial.provider.present(issuer: template)
      #expect(await trial.code { $0.url = template } == nil)
      #expect(trial.provider.requests.first?.path == "/common/v2.0/.well-known/openid-configuration")
      #expect(await trial.code { $0.url = trial.provider.origin + "/common/v2.0" } == .issuerMismatch)
    }
  }

  @Test("an answer whose length is not clear is refused by its own name, two equal Content-Length fields too")
  func unclearLength() async throws {
    try await ProviderTrial.run { trial in
      let peer = "127.0.0.1:\(trial.provider.port)"
      let beside = "answered with a Content-Length that is no number, or beside Transfer-Encoding"
      let cases = [
        ("Content-Length: 2\r\nContent-Length: 2", "\(peer) answered with two Content-Length fields"),
        ("Content-Length: two", "\(peer) \(beside)"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2", "\(peer) \(beside)"),
        (
          "Content-Length: 2\r\nTransfer-Encoding: chunked",
          "what \(peer) answered is not HTTP, or has header fields that are too long, malformed or at odds"
        ),
      ]
      for (fields, found) in cases {
        trial.provider.answer(.keys, with: .raw("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n{}"))
        let fault = await trial.source().fetch(previous: nil, validators: nil).fault
        #expect(fault?.code == .invalidHTTP)
        #expect(fault?.found == found)
      }
    }
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
      #expect(await trial.code { $0.origin = .jwksURI(address) } == .jwksURIRefused)
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
        source.forgetDiscovery()
        #expect(await source.fetch(previous: nil, validators: nil).fetched != nil)
        #expect(new.provider.keyRequests == 1)
      }
    }
  }
}
