import BearerAddress
import BearerFetch
import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerTestKit
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ProxyTests {
  static let issuer = "https://\(TestCertificates.publicName)"

  /// A provider under its public name, which only a proxy can reach.
  private func run(
    _ behaviour: (Int) -> ConnectProxy.Behaviour, identity: TestIdentity? = nil,
    _ body: (ProviderTrial, ConnectProxy) async throws -> Void
  ) async throws {
    let identity = try identity ?? TestCertificates.shared().good
    try await ProviderTrial.run(identity: identity) { trial in
      trial.provider.present(issuer: Self.issuer, keysAddress: Self.issuer + "/jwks")
      let proxy = try await ConnectProxy.start(behaviour(trial.provider.port))
      try await body(trial, proxy)
      await proxy.stop()
    }
  }

  @Test("the proxy key: a tunnel by name, TLS end to end, credentials for the proxy alone")
  func proxyKey() async throws {
    try await run(ConnectProxy.Behaviour.tunnel) { trial, proxy in
      let fetched = await trial.source {
        $0.caFile = try? TestCertificates.shared().authorityFile
        $0.proxy = try? ProxyAddress(parsing: "http://user:hunter2@127.0.0.1:\(proxy.port)")
      }.fetch(previous: nil, validators: nil).fetched
      #expect(fetched?.keys.usableKeys == 1)
      #expect(Set(proxy.requests.map(\.authority)) == ["\(TestCertificates.publicName):443"])
      #expect(Set(proxy.requests.map(\.authorization)) == ["Basic dXNlcjpodW50ZXIy"])
      #expect(trial.provider.requests.allSatisfy { $0.headers["proxy-authorization"] == nil })
      #expect(
        trial.provider.requests.map { $0.headers["host"] } == [
          TestCertificates.publicName, TestCertificates.publicName,
        ])
    }
  }

  @Test("HTTPS_PROXY of the environment is used")
  func environment() async throws {
    try await run(ConnectProxy.Behaviour.tunnel) { trial, proxy in
      let code = await trial.code(environment: ["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"]) {
        $0.caFile = try? TestCertificates.shared().authorityFile
      }
      #expect(code == nil)
      #expect(!proxy.requests.isEmpty)
    }
  }

  @Test("loopback is never proxied")
  func loopback() async throws {
    try await run(ConnectProxy.Behaviour.tunnel) { trial, proxy in
      trial.provider.present(issuer: trial.provider.origin, keysAddress: trial.provider.origin + "/jwks")
      let code = await trial.code {
        $0.caFile = try? TestCertificates.shared().authorityFile
        $0.proxy = try? ProxyAddress(parsing: "http://127.0.0.1:\(proxy.port)")
      }
      #expect(code == nil)
      #expect(proxy.requests.isEmpty)
    }
  }

  @Test("a certificate is checked through the tunnel as well, and its fault found out")
  func certificate() async throws {
    try await run(ConnectProxy.Behaviour.tunnel) { trial, proxy in
      #expect(
        await trial.code { $0.proxy = try? ProxyAddress(parsing: "http://127.0.0.1:\(proxy.port)") }
          == .tlsUnknownAuthority)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("why a certificate was refused is found out through the tunnel")
  func expired() async throws {
    let certificates = try TestCertificates.shared()
    try await run(ConnectProxy.Behaviour.tunnel, identity: certificates.expired) { trial, proxy in
      let code = await trial.code {
        $0.caFile = certificates.authorityFile
        $0.proxy = try? ProxyAddress(parsing: "http://127.0.0.1:\(proxy.port)")
      }
      #expect(code == .tlsExpired)
      #expect(proxy.requests.count == 2)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a proxy that refuses, demands credentials or is not there: proxy_failed, without its credentials")
  func faults() async throws {
    for status in [403, 407, 502] {
      try await run({ _ in .refuse(status: status) }) { trial, proxy in
        let source = trial.source {
          $0.proxy = try? ProxyAddress(parsing: "http://user:hunter2@127.0.0.1:\(proxy.port)")
        }
        let fault = try #require(await source.fetch(previous: nil, validators: nil).fault)
        #expect(fault.code == .proxyFailed)
        #expect(!fault.message.contains("hunter2") && !fault.message.contains("user:"))
        await proxy.stop()
        #expect(await source.fetch(previous: nil, validators: nil).fault?.code == .proxyFailed)
      }
    }
  }

  @Test("a proxy that ends the connection or answers CONNECT with anything else: proxy_failed, each time")
  func abruptProxy() async throws {
    for behaviour in [
      AbruptServer.Behaviour.closesAtOnce, .closesAfterGreeting, .resetsAfterGreeting,
      .answers("SSH-2.0-OpenSSH_9.2\r\n"), .answers("HTTP/1.1 200"),
    ] {
      let proxy = try await AbruptServer.start(behaviour)
      try await ProviderTrial.run { trial in
        for _ in 0..<20 {
          let fault = await trial.source {
            $0.url = Self.issuer
            $0.proxy = try? ProxyAddress(parsing: "http://127.0.0.1:\(proxy.port)")
          }.fetch(previous: nil, validators: nil).fault
          #expect(fault?.code == .proxyFailed, "\(behaviour) \(fault?.message ?? "")")
        }
      }
      await proxy.stop()
    }
  }

  @Test("a provider that ends the connection in the tunnel: connection_reset, whose message names both")
  func abruptProvider() async throws {
    for behaviour in [AbruptServer.Behaviour.closesAfterGreeting, .resetsAfterGreeting] {
      let provider = try await AbruptServer.start(behaviour)
      try await run({ _ in .tunnel(port: provider.port) }) { trial, proxy in
        for _ in 0..<20 {
          let fault = await trial.source { $0.proxy = try? ProxyAddress(parsing: "http://127.0.0.1:\(proxy.port)") }
            .fetch(previous: nil, validators: nil).fault
          #expect(fault?.code == .connectionReset)
          let words = "\(TestCertificates.publicName) through the proxy 127.0.0.1:\(proxy.port)"
          #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
        }
      }
      await provider.stop()
    }
  }

  @Test("a provider that ends the connection in place of an answer is not taken for the proxy")
  func closedInTunnel() async throws {
    try await run(ConnectProxy.Behaviour.tunnel) { trial, proxy in
      for answer in [ProviderAnswer.closed, .reset] {
        trial.provider.answer(.keys, with: answer)
        trial.provider.answer(.discovery, with: answer)
        let code = await trial.code {
          $0.caFile = try? TestCertificates.shared().authorityFile
          $0.proxy = try? ProxyAddress(parsing: "http://127.0.0.1:\(proxy.port)")
        }
        #expect(code == .connectionReset)
      }
    }
  }
}
