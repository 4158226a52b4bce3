import BearerAddress
import BearerFetch
import BearerIntrospection
import BearerProviderKit
import Testing

/// Back-ends over HTTPS.
@Suite struct BackEndTLSTests {
  private typealias Trial = BackEndSourceTests.Trial

  @Test("by ca_file, the client certificate shows who asks, and the form names the client (RFC 8705 section 2)")
  func clientCertificate() async throws {
    let certificates = try TestCertificates.shared()
    var identity = certificates.good
    identity.clientAuthorityFile = certificates.authorityFile
    try await Trial.run(identity: identity) { settings, _ in
      settings.authentication = .tls
      settings.clientID = "bearerd"
      settings.connection.caFile = certificates.authorityFile
      settings.connection.clientCertificateFile = certificates.client.certificateFile
      settings.connection.clientKeyFile = certificates.client.keyFile
    } _: { trial in
      trial.provider.setBackEndAnswer(#"{"active":true}"#)
      #expect(await trial.ask() == #"yes {"active":true}"#)
      let request = await trial.provider.request(1)
      #expect(request.body == "token=abc&client_id=bearerd" && request.headers["authorization"] == nil)
      #expect(trial.provider.handshakes == 1)
    }
  }

  @Test("a client certificate that is missing or refused is told as that, and no token is sent")
  func noClientCertificate() async throws {
    let certificates = try TestCertificates.shared()
    var identity = certificates.good
    identity.clientAuthorityFile = certificates.authorityFile
    for client in [nil, certificates.strangeClient, certificates.expiredClient] {
      try await Trial.run(identity: identity) { settings, _ in
        settings.authentication = .tls
        settings.clientID = "bearerd"
        settings.connection.caFile = certificates.authorityFile
        settings.connection.clientCertificateFile = client?.certificateFile
        settings.connection.clientKeyFile = client?.keyFile
      } _: { trial in
        guard case .failure(let fault) = await trial.source.ask(StatusCall(token: [97], identity: nil)) else {
          Issue.record("answered")
          return
        }
        #expect(fault.code == .unreachable && fault.message.contains("client_certificate"), "\(fault.message)")
        #expect(trial.provider.requests.isEmpty)
      }
    }
  }

  @Test("a token goes to no server whose certificate is not good")
  func untrusted() async throws {
    let certificates = try TestCertificates.shared()
    for identity in [
      certificates.wrongName, certificates.expired, certificates.selfSigned, certificates.unknownAuthority,
    ] {
      try await Trial.run(identity: identity) { settings, _ in
        settings.connection.caFile = certificates.authorityFile
      } _: { trial in
        #expect(await trial.ask() == "unreachable")
        #expect(trial.provider.requests.isEmpty)
      }
    }
    try await Trial.run(identity: certificates.good) { trial in
      #expect(await trial.ask() == "unreachable")
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("over connect_to the resolver gets the public name as Host and in the greeting")
  func resolverBehindConnectTo() async throws {
    let certificates = try TestCertificates.shared()
    let name = TestCertificates.publicName
    try await Trial.run(.authgearResolver, identity: certificates.good) { settings, provider in
      settings.endpoint = nil
      settings.connection.url = "https://\(name)"
      settings.connection.caFile = certificates.authorityFile
      settings.connection.connectTo = HostAndPort("127.0.0.1:\(provider.port)")
    } _: { trial in
      trial.provider.answer(.backEnd, with: .status(200, headers: [("x-authgear-session-valid", "false")]))
      #expect(await trial.ask() == "no")
      let request = await trial.provider.request(1)
      #expect(request.target == "/_resolver/resolve" && request.headers["host"] == name && request.serverName == name)
      #expect(request.headers["cookie"] == nil)
    }
  }
}
