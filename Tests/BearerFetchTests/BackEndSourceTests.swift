import BearerClaims
import BearerIntrospection
import BearerJOSE
import BearerKeys
import BearerProviderKit
import Foundation
import NIOPosix
import Testing

@testable import BearerFetch

/// How back-ends are asked over HTTP, and every way for that to fail.
@Suite(.timeLimit(.minutes(10))) struct BackEndSourceTests {
  /// A provider with a back-end, and a source that is pointed at it.
  struct Trial {
    let provider: FaultyProvider
    let source: BackEndSource

    static func run(
      _ kind: BackEndKind = .rfc7662, identity: TestIdentity? = nil, timeout: Duration = .seconds(30),
      _ change: (inout BackEndSourceSettings, FaultyProvider) -> Void = { _, _ in },
      _ body: (Trial) async throws -> Void
    ) async throws {
      let provider = try await FaultyProvider.start(identity: identity)
      let path = ["rfc7662": "/introspect", "userinfo": "/userinfo", "authgear-resolver": "/_resolver/resolve"]
      var settings = BackEndSourceSettings(
        kind: kind, connection: KeySourceSettings(url: provider.issuer, algorithms: [.rs256], timeout: timeout))
      settings.endpoint = provider.origin + (path[kind.rawValue] ?? "")
      change(&settings, provider)
      let source = BackEndSource(
        settings: settings, network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:]))
      do { try await body(Trial(provider: provider, source: source)) } catch {
        source.close()
        await provider.stop()
        throw error
      }
      source.close()
      await provider.stop()
    }

    func ask(_ token: String = "abc", identity: TokenIdentity? = nil) async -> String {
      switch await source.ask(StatusCall(token: Array(token.utf8), identity: identity)) {
      case .success(.active(let token)): "yes " + String(decoding: token.claims.bytes, as: UTF8.self)
      case .success(.inactive): "no"
      case .failure(let fault): fault.code.rawValue
      }
    }
  }

  static func file(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "bearerd-secret-\(UUID().uuidString)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  // MARK: What is sent

  @Test("a form is posted with the client's credentials, and nothing of the token is in the address")
  func form() async throws {
    let secret = try Self.file("s3cret:+\n")
    try await Trial.run { settings, _ in
      settings.authentication = .secretBasic
      settings.clientID = "a b"
      settings.secretFile = secret
    } _: { trial in
      trial.provider.setBackEndAnswer(#"{"active":true,"sub":"u"}"#)
      #expect(await trial.ask("a+b/c=") == #"yes {"active":true,"sub":"u"}"#)
      let request = await trial.provider.request(1)
      #expect(request.method == "POST" && request.target == "/introspect")
      #expect(request.body == "token=a%2Bb%2Fc%3D")
      #expect(request.headers["authorization"] == "Basic " + Data("a%20b:s3cret%3A%2B".utf8).base64EncodedString())
      #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
      #expect(request.headers["accept"] == "application/json" && request.headers["user-agent"] == "bearerd")
      #expect(request.headers["cookie"] == nil)
    }
  }

  @Test("the resolver and userinfo get the token in the field Authorization, and no cookie")
  func bearer() async throws {
    for kind in [BackEndKind.authgearResolver, .userinfo] {
      try await Trial.run(kind) { trial in
        trial.provider.answerNext(
          .backEnd,
          with: .status(
            200,
            headers: [
              ("x-authgear-session-valid", "false"), ("Set-Cookie", "session=1"), ("Content-Type", "application/json"),
            ]))
        _ = await trial.ask()
        _ = await trial.ask()
        for number in 1...2 {
          let request = await trial.provider.request(number)
          #expect(request.method == "GET" && request.body.isEmpty)
          #expect(request.headers["authorization"] == "Bearer abc" && request.headers["cookie"] == nil)
        }
      }
    }
  }

  @Test("credentials are read again when they changed, and then asked on another connection")
  func credentialsChange() async throws {
    let secret = try Self.file("one")
    try await Trial.run { settings, _ in
      settings.authentication = .bearer
      settings.secretFile = secret
    } _: { trial in
      #expect(await trial.ask() == "no")
      try "two".write(toFile: secret, atomically: true, encoding: .utf8)
      #expect(await trial.ask() == "no")
      trial.source.forgetCredentials()
      #expect(await trial.ask() == "no")
      let requests = trial.provider.backEndRequests
      #expect(requests.map { $0.headers["authorization"] } == ["Bearer one", "Bearer one", "Bearer two"])
      #expect(requests[0].connection == requests[1].connection)
    }
  }

  @Test("a secret that cannot be read is the operator's fault, and asks nobody", arguments: ["", "a\nb\n", "ä\u{7F}"])
  func unreadable(text: String) async throws {
    let secret = try Self.file(text)
    for path in [secret, secret + "-missing"] {
      try await Trial.run { settings, _ in
        settings.authentication = .bearer
        settings.secretFile = path
      } _: { trial in
        #expect(await trial.ask() == "credentials_unreadable")
        #expect(trial.provider.requests.isEmpty)
      }
    }
  }

  @Test("as many calls as may be in flight have a connection each, and those are used again")
  func connections() async throws {
    try await Trial.run { settings, _ in
      settings.concurrency = 16
    } _: { trial in
      trial.provider.answer(.backEnd, with: .held)
      await withTaskGroup { group in
        for _ in 0..<16 { group.addTask { _ = await trial.ask() } }
        _ = await trial.provider.request(16)
        trial.provider.release()
      }
      #expect(Set(trial.provider.backEndRequests.map(\.connection)).count == 16)
      for _ in 0..<3 { _ = await trial.ask() }
      #expect(Set(trial.provider.backEndRequests.map(\.connection)).count == 16)
    }
  }

  // MARK: Where to

  @Test("the endpoint is the discovery document's, on the issuer's own authority, and is remembered")
  func discovery() async throws {
    try await Trial.run { settings, _ in
      settings.endpoint = nil
    } _: { trial in
      #expect(await trial.ask() == "no_endpoint")
      trial.provider.presentMembers(#""introspection_endpoint":"https://elsewhere.example/introspect""#)
      #expect(await trial.ask() == "no_endpoint")
      trial.provider.presentMembers(#""introspection_endpoint":"http://\#(trial.provider.origin.dropFirst(7))0/x""#)
      #expect(await trial.ask() == "no_endpoint")
      trial.provider.presentMembers(#""introspection_endpoint":"\#(trial.provider.origin)/introspect""#)
      #expect(await trial.ask() == "no")
      #expect(await trial.ask() == "no")
      #expect(
        trial.provider.requests.map(\.path).suffix(3).map { $0.hasSuffix("configuration") } == [true, false, false])
      #expect(trial.provider.backEndRequests.count == 2)
    }
  }

  @Test("plain http away from this host is never asked")
  func plainHTTP() async throws {
    try await Trial.run { settings, _ in
      settings.endpoint = "http://op.example/introspect"
    } _: { trial in
      #expect(await trial.ask() == "no_endpoint")
    }
  }

  @Test("a redirect is not followed: no token goes there", arguments: [301, 302, 303, 307, 308])
  func redirect(status: Int) async throws {
    for kind in BackEndKind.allCases {
      try await Trial.run(kind) { trial in
        trial.provider.answer(.backEnd, with: .redirect(status, to: trial.provider.origin + "/jwks"))
        #expect(await trial.ask() == "redirect_refused")
        #expect(trial.provider.requests.count == 1)
      }
    }
  }

  // MARK: Faults

  @Test("every fault of the way and of the answer is one, and never a no")
  func faults() async throws {
    let answers: [(ProviderAnswer, String)] = [
      (.status(500), "http_status"), (.status(404), "http_status"), (.status(401), "credentials_refused"),
      (.status(403), "credentials_refused"), (.status(400), "http_status"), (.status(204), "http_status"),
      (.status(429, headers: [("Retry-After", "7")]), "limited"), (.html, "wrong_media_type"),
      (.truncated, "unreachable"), (.truncatedChunked, "unreachable"), (.closed, "unreachable"),
      (.reset, "unreachable"), (.notHTTP, "unreachable"), (.gzip, "wrong_media_type"),
      (.oversized(bytes: 10_000_000, isAnnounced: true), "answer_too_large"),
      (.oversized(bytes: 10_000_000, isAnnounced: false), "answer_too_large"),
      (.body(#"{"active":"true"}"#), "bad_answer"), (.body(#"{"active":true,"active":true}"#), "not_json"),
      (.body("{"), "not_json"),
      (.body("x", headers: [("Content-Type", "application/token-introspection+jwt")]), "bad_answer"),
    ]
    try await Trial.run { trial in
      for (answer, code) in answers {
        trial.provider.answerNext(.backEnd, with: answer)
        // Once more where the connection had answered before, which an end of it may be the reason of.
        if code == "unreachable" { trial.provider.answerNext(.backEnd, with: answer) }
        #expect(await trial.ask() == code, "\(answer)")
        if code == "unreachable" {
          trial.provider.answer(.backEnd, with: .document)
          _ = await trial.ask()
        }
        #expect(await trial.ask() == "no")
      }
      // Neither of the two was taken whole.
      #expect(trial.provider.bytesSent < 20_000_000)
    }
  }

  @Test("Retry-After is told in seconds and as a date")
  func retryAfter() async throws {
    try await Trial.run { trial in
      trial.provider.answerNext(.backEnd, with: .status(429, headers: [("Retry-After", "7")]))
      guard case .failure(let fault) = await trial.source.ask(StatusCall(token: [97], identity: nil)) else { return }
      #expect(fault.retryAfter == .seconds(7))
      trial.provider.answerNext(
        .backEnd,
        with: .status(
          503,
          headers: [("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Date", "Sun, 06 Nov 1994 08:49:30 GMT")]))
      guard case .failure(let second) = await trial.source.ask(StatusCall(token: [97], identity: nil)) else { return }
      #expect(second.code == .limited && second.retryAfter == .seconds(7))
    }
  }

  @Test("a call that gets no whole answer ends with timeout, whatever comes of it")
  func timeout() async throws {
    for answer in [ProviderAnswer.silence, .unfinished, .announced(bytes: 100)] {
      try await Trial.run(timeout: .milliseconds(100)) { trial in
        trial.provider.answer(.backEnd, with: answer)
        #expect(await trial.ask() == "unreachable", "\(answer)")
        // Nor is its connection used again: what comes late is nobody's answer.
        trial.provider.answer(.backEnd, with: .document)
        while await trial.ask() != "no" {}
        let connections = trial.provider.backEndRequests.map(\.connection)
        #expect(connections.first != connections.last)
      }
    }
  }

  @Test("a back-end is found by RFC 8414 where there is no OpenID Connect, and what neither has is given in the table")
  func metadata() async throws {
    try await Trial.run { settings, _ in
      settings.endpoint = nil
    } _: { trial in
      trial.provider.presentMembers(#""introspection_endpoint":"\#(trial.provider.origin)/introspect""#)
      trial.provider.answer(.discovery, with: .status(404))
      trial.provider.answer(.metadata, with: .status(404))
      guard case .failure(let fault) = await trial.source.ask(StatusCall(token: [97], identity: nil)) else { return }
      #expect(fault.code == .noEndpoint)
      #expect(fault.found.contains("/.well-known/oauth-authorization-server answered status 404"))
      #expect(fault.advice?.hasSuffix("give endpoint in the issuer's introspection table") == true)
      trial.provider.answer(.metadata, with: .document)
      #expect(await trial.ask() == "no")
      trial.provider.answer(.metadata, with: .status(404))
      trial.provider.answer(.discovery, with: .document)
    }
  }

  @Test("an address of a back-end that is not whole or not https leads to the table")
  func refusedAddress() async throws {
    for address in ["/introspect", "http://a.test/introspect"] {
      try await Trial.run { settings, _ in
        settings.endpoint = nil
      } _: { trial in
        trial.provider.presentMembers(#""introspection_endpoint":"\#(address)""#)
        guard case .failure(let fault) = await trial.source.ask(StatusCall(token: [97], identity: nil)) else { return }
        #expect(fault.code == .noEndpoint)
        #expect(fault.advice?.contains("give endpoint in the issuer's introspection table") == true)
      }
    }
  }

  @Test("who is refused is told what belongs to its own way of showing itself")
  func adviceIfRefused() async throws {
    try await Trial.run { trial in
      trial.provider.answer(.backEnd, with: .status(401))
      guard case .failure(let fault) = await trial.source.ask(StatusCall(token: [97], identity: nil)) else { return }
      #expect(fault.code == .credentialsRefused)
      #expect(
        fault.advice == "set client_auth and what belongs to it: the back-end wants to know who asks")
    }
  }

  @Test("a body of 400 says whether the asker is refused")
  func refusedAsker() async throws {
    try await Trial.run { trial in
      for (error, code) in [("invalid_client", "credentials_refused"), ("invalid_request", "http_status")] {
        let body = #"{"error":"\#(error)"}"#
        trial.provider.answerNext(
          .backEnd,
          with: .raw(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
              + "Connection: close\r\n\r\n" + body))
        #expect(await trial.ask() == code)
      }
    }
  }

  @Test("after a call that was given up its connection is not used again: the late answer is nobody's")
  func late() async throws {
    try await Trial.run { trial in
      #expect(await trial.ask() == "no")
      trial.provider.answer(.backEnd, with: .held)
      let call = Task { await trial.ask() }
      _ = await trial.provider.request(2)
      call.cancel()
      #expect(await call.value == "unreachable")
      trial.provider.answer(.backEnd, with: .document)
      trial.provider.setBackEndAnswer(#"{"active":true}"#)
      trial.provider.release()
      #expect(await trial.ask() == #"yes {"active":true}"#)
      let connections = trial.provider.backEndRequests.map(\.connection)
      #expect(connections[0] == connections[1] && connections[1] != connections[2])
    }
  }

  @Test("surplus bytes end the connection: they are no answer to the next call")
  func surplus() async throws {
    try await Trial.run { trial in
      let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
      trial.provider.answerNext(
        .backEnd, with: .surplus(answer + "16\r\n\r\n{\"active\":false}" + answer + "15\r\n\r\n{\"active\":true}"))
      _ = await trial.ask()
      for _ in 0..<5 { #expect(await trial.ask() == "no") }
      let connections = trial.provider.backEndRequests.map(\.connection)
      #expect(connections[0] != connections[1])
    }
  }

  @Test("an answer about another token is a fault, and its connection is not used again")
  func anotherToken() async throws {
    try await Trial.run { trial in
      var jwt = ClaimSet()
      jwt.bytes = Array(#"{"sub":"mine"}"#.utf8)
      try jwt.parse()
      let identity = TokenIdentity(ofJWT: jwt)
      trial.provider.setBackEndAnswer(#"{"active":true,"sub":"yours"}"#)
      #expect(await trial.ask(identity: identity) == "another_token")
      #expect(await trial.ask() == #"yes {"active":true,"sub":"yours"}"#)
      let connections = trial.provider.backEndRequests.map(\.connection)
      #expect(connections[0] != connections[1])
    }
  }

  @Test("check asks about a token that cannot exist, and expects a no")
  func probe() async throws {
    try await Trial.run { trial in
      let settings = trial.source.settings
      let network = FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:])
      var codes: [String] = []
      for answer in [ProviderAnswer.document, .body(#"{"active":true}"#), .status(401)] {
        trial.provider.answerNext(.backEnd, with: answer)
        codes.append(await BackEndProbe(settings: settings, network: network).run().code)
      }
      #expect(codes == ["introspection", "introspection_says_yes", "credentials_refused"])
    }
  }

  @Test("one back-end's faults are never answered by another: an error asks nobody else")
  func noFallback() async throws {
    try await Trial.run { settings, _ in
      settings.endpoint = nil
    } _: { trial in
      trial.provider.presentMembers(
        #""introspection_endpoint":"\#(trial.provider.origin)/introspect","#
          + #""userinfo_endpoint":"\#(trial.provider.origin)/userinfo""#
      )
      trial.provider.answer(.backEnd, with: .status(500))
      #expect(await trial.ask() == "http_status")
      #expect(trial.provider.backEndRequests.map(\.path) == ["/introspect"])
    }
  }
}
