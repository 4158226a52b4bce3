import BearerAddress
import BearerFetch
import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerTestKit
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10)))
struct TLSTests {
  @Test("a certificate of ca_file's authority for url's name is accepted, and the name is sent in the greeting")
  func good() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      let source = trial.source { $0.caFile = certificates.authorityFile }
      #expect(await source.fetch(previous: nil, validators: nil).fetched?.keys.usableKeys == 1)
      #expect(trial.provider.requests.map(\.serverName) == ["localhost", "localhost"])
    }
  }

  @Test("a certificate for another name: tls_wrong_name")
  func wrongName() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.wrongName) { trial in
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .tlsWrongName)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("an expired certificate: tls_expired")
  func expired() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.expired) { trial in
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .tlsExpired)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a certificate that is not valid yet: tls_expired, whose message says so")
  func notYetValid() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.notYetValid) { trial in
      let source = trial.source { $0.caFile = certificates.authorityFile }
      let fault = await source.fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .tlsExpired)
      #expect(fault?.message.contains("not valid yet") == true)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a certificate of an authority in ca_file that has expired: tls_expired, whose message says which")
  func expiredAuthority() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.expiredAuthority) { trial in
      let fault = await trial.source { $0.caFile = certificates.expiredAuthorityFile }
        .fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .tlsExpired)
      #expect(fault?.message.hasPrefix("The authority's certificate in ca_file") == true, "\(fault?.message ?? "")")
      #expect(fault?.message.contains("expired 24 hours ago") == true)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("an intermediate certificate that has expired cannot be seen, and the advice thinks of it")
  func expiredIntermediate() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.expiredIntermediate) { trial in
      let fault = await trial.source { $0.caFile = certificates.authorityFile }
        .fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .tlsUnknownAuthority)
      #expect(
        fault?.advice
          == "name the authority's certificate in ca_file, or if it is a public one, install ca-certificates; if that is "
          + "done, have the provider send its intermediate certificates, none of which may have expired")
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("an expired authority that signed something else stays tls_unknown_authority, with a word about it")
  func otherExpiredAuthority() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.unknownAuthority) { trial in
      let fault = await trial.source { $0.caFile = certificates.expiredAuthorityFile }
        .fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .tlsUnknownAuthority)
      #expect(fault?.message.contains("ca_file holds one that expired") == true, "\(fault?.message ?? "")")
    }
  }

  @Test("a certificate that names the host in its common name only: tls_wrong_name")
  func commonNameOnly() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.commonNameOnly) { trial in
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .tlsWrongName)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a certificate for the address that the name leads to, but not for the name: tls_wrong_name")
  func addressOnly() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.addressOnly) { trial in
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .tlsWrongName)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a certificate for an address is good for a url of that address")
  func addressInURL() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.addressOnly) { trial in
      let origin = "https://127.0.0.1:\(trial.provider.port)"
      trial.provider.present(issuer: origin, keysAddress: origin + "/jwks")
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == nil)
    }
  }

  @Test("a certificate signed by itself: tls_unknown_authority")
  func selfSigned() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.selfSigned) { trial in
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .tlsUnknownAuthority)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a certificate signed by itself is accepted if ca_file holds it")
  func selfSignedAuthority() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.selfSigned) { trial in
      #expect(await trial.code { $0.caFile = certificates.selfSigned.certificateFile } == nil)
    }
  }

  @Test("a provider that speaks no TLS newer than 1.1: tls_failed")
  func oldTLS() async throws {
    var identity = try TestCertificates.shared().good
    identity.isOldTLSOnly = true
    try await ProviderTrial.run(identity: identity) { trial in
      let fault = await trial.source { $0.caFile = try? TestCertificates.shared().authorityFile }
        .fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .tlsFailed)
      #expect(fault?.found.hasSuffix(": it speaks no TLS that this host does") == true, "\(fault?.message ?? "")")
      #expect(fault?.advice == "have it speak TLS 1.2 or 1.3")
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a certificate of an authority that is not trusted: tls_unknown_authority")
  func unknownAuthority() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.unknownAuthority) { trial in
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .tlsUnknownAuthority)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("without ca_file a private authority is not trusted")
  func noAuthorityFile() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      #expect(await trial.code() == .tlsUnknownAuthority)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("what does not speak TLS: tls_failed")
  func plain() async throws {
    try await ProviderTrial.run { trial in
      #expect(await trial.code { $0.url = "https://localhost:\(trial.provider.port)" } == .tlsFailed)
    }
  }

  @Test(
    "a ca_file that holds no certificate is named", arguments: ["/nonexistent/ca.pem", "/etc/passwd", "/dev/null", "/"])
  func badAuthorityFile(_ path: String) async throws {
    try await ProviderTrial.run { trial in
      let fault = await trial.source { $0.caFile = path }.fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .fileUnreadable)
      #expect(fault?.message.contains("ca_file \"\(path)\"") == true)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a ca_file, client_certificate or client_key that is a pipe is refused, not waited for")
  func pipes() async throws {
    let certificates = try TestCertificates.shared()
    let directory = try TemporaryDirectory()
    let pipe = directory.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    let changes: [(String, @Sendable (inout KeySourceSettings) -> Void)] = [
      ("ca_file", { $0.caFile = pipe }),
      ("client_certificate", { $0.clientCertificateFile = pipe }),
      (
        "client_key",
        {
          $0.clientCertificateFile = certificates.client.certificateFile
          $0.clientKeyFile = pipe
        }
      ),
    ]
    try await ProviderTrial.run { trial in
      for (key, change) in changes {
        let fault = await trial.source { change(&$0) }.fetch(previous: nil, validators: nil).fault
        #expect(fault?.code == .fileUnreadable)
        #expect(fault?.message.hasPrefix("\(key) \"\(pipe)\" cannot be read: it is not a regular file.") == true)
      }
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a body that TLS ends early is truncated, not short")
  func truncated() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      trial.provider.answer(.keys, with: .truncated)
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .bodyTruncated)
      trial.provider.answer(.keys, with: .reset)
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .connectionReset)
      trial.provider.answer(.keys, with: .closed)
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .connectionReset)
    }
  }

  @Test("a client certificate is shown to a provider that demands one, and its absence is a TLS fault")
  func clientCertificate() async throws {
    let certificates = try TestCertificates.shared()
    var identity = certificates.good
    identity.clientAuthorityFile = certificates.authorityFile
    try await ProviderTrial.run(identity: identity) { trial in
      let with = await trial.code {
        $0.caFile = certificates.authorityFile
        $0.clientCertificateFile = certificates.client.certificateFile
        $0.clientKeyFile = certificates.client.keyFile
      }
      #expect(with == nil)
      #expect(trial.provider.handshakes > 0)
      #expect(await trial.code { $0.caFile = certificates.authorityFile } == .tlsFailed)
    }
  }

  @Test("a client_key that belongs to another certificate is named, before any connection")
  func foreignKey() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      let fault = await trial.source {
        $0.caFile = certificates.authorityFile
        $0.clientCertificateFile = certificates.client.certificateFile
        $0.clientKeyFile = certificates.good.keyFile
      }.fetch(previous: nil, validators: nil).fault
      #expect(fault?.code == .fileUnreadable)
      let words =
        "client_key \"\(certificates.good.keyFile)\" does not belong to client_certificate "
        + "\"\(certificates.client.certificateFile)\"."
      #expect(fault?.message.hasPrefix(words) == true)
    }
  }

  @Test("a client certificate that is wanting or refused: tls_failed, whose message says so", arguments: [true, false])
  func refusedClient(isTLS12Only: Bool) async throws {
    let certificates = try TestCertificates.shared()
    var identity = certificates.good
    identity.clientAuthorityFile = certificates.authorityFile
    identity.isTLS12Only = isTLS12Only
    try await ProviderTrial.run(identity: identity) { trial in
      for (client, words) in [
        // TLS 1.2 has no alert of its own for this (RFC 5246 section 7.4.6).
        (nil, isTLS12Only ? "it seems to demand a client certificate" : "it demands a client certificate"),
        (certificates.expiredClient, "it refuses the client certificate as expired"),
        (certificates.strangeClient, "it refuses the client certificate as one of an authority that it does not trust"),
      ] {
        let fault = await trial.source {
          $0.caFile = certificates.authorityFile
          $0.clientCertificateFile = client?.certificateFile
          $0.clientKeyFile = client?.keyFile
        }.fetch(previous: nil, validators: nil).fault
        #expect(fault?.code == .tlsFailed)
        #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
        #expect(fault?.message.contains("client_certificate") == true)
      }
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("a connection that ends during the handshake without an alert: connection_reset, each time")
  func abruptEnd() async throws {
    for behaviour in [AbruptServer.Behaviour.closesAtOnce, .closesAfterGreeting, .resetsAfterGreeting] {
      let server = try await AbruptServer.start(behaviour)
      try await ProviderTrial.run { trial in
        for _ in 0..<20 {
          let fault = await trial.source { $0.url = "https://localhost:\(server.port)" }
            .fetch(previous: nil, validators: nil).fault
          #expect(fault?.code == .connectionReset, "\(behaviour)")
          #expect(fault?.message.contains("speaks TLS") == true, "\(fault?.message ?? "")")
        }
      }
      await server.stop()
    }
  }

  @Test("a refused certificate leaves no connection behind, whatever it was refused for")
  func refusedConnectionEnds() async throws {
    let certificates = try TestCertificates.shared()
    for identity in [certificates.expired, certificates.commonNameOnly] {
      try await ProviderTrial.run(identity: identity) { trial in
        #expect(await trial.code { $0.caFile = certificates.authorityFile } != nil)
        await trial.provider.settle()
        #expect(trial.provider.handshakes == 1)
      }
    }
  }

  @Test("a client certificate is never shown to a provider whose own is refused, not even to find out why")
  func clientCertificateKept() async throws {
    let certificates = try TestCertificates.shared()
    var identity = certificates.expired
    identity.clientAuthorityFile = certificates.authorityFile
    try await ProviderTrial.run(identity: identity) { trial in
      let code = await trial.code {
        $0.caFile = certificates.authorityFile
        $0.clientCertificateFile = certificates.client.certificateFile
        $0.clientKeyFile = certificates.client.keyFile
      }
      #expect(code == .tlsExpired)
      await trial.provider.settle()
      #expect(trial.provider.handshakes == 0)
    }
  }

  @Test("connect_to: the connection goes there, Host, greeting and certificate keep the public name")
  func connectTo() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      let name = TestCertificates.publicName
      trial.provider.present(issuer: "https://\(name)", keysAddress: "https://\(name)/jwks")
      let fetched = await trial.source {
        $0.caFile = certificates.authorityFile
        $0.connectTo = HostAndPort("127.0.0.1:\(trial.provider.port)")
      }.fetch(previous: nil, validators: nil).fetched
      #expect(fetched?.keys.usableKeys == 1)
      #expect(trial.provider.requests.map(\.serverName) == [name, name])
      #expect(trial.provider.requests.map { $0.headers["host"] } == [name, name])
    }
  }

  @Test("connect_to serves a jwks_uri beside a url that is no address")
  func connectToWithoutAddress() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      let code = await trial.code {
        $0.url = "accounts.example.test"
        $0.origin = .jwksURI("https://\(TestCertificates.publicName)/jwks")
        $0.caFile = certificates.authorityFile
        $0.connectTo = HostAndPort("127.0.0.1:\(trial.provider.port)")
      }
      #expect(code == nil)
      #expect(trial.provider.requests.map(\.serverName) == [TestCertificates.publicName])
    }
  }

  @Test("connect_to does not weaken the check of the name")
  func connectToWrongName() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      let code = await trial.code {
        $0.url = "https://stranger.example.test"
        $0.caFile = certificates.authorityFile
        $0.connectTo = HostAndPort("localhost:\(trial.provider.port)")
      }
      #expect(code == .tlsWrongName)
      #expect(trial.provider.requests.isEmpty)
    }
  }

  @Test("connect_to leaves a jwks_uri on another authority alone")
  func connectToOtherAuthority() async throws {
    let certificates = try TestCertificates.shared()
    try await ProviderTrial.run(identity: certificates.good) { trial in
      try await ProviderTrial.run(identity: certificates.good) { keys in
        let name = TestCertificates.publicName
        trial.provider.present(issuer: "https://\(name)", keysAddress: keys.provider.origin + "/jwks")
        let fetched = await trial.source {
          $0.caFile = certificates.authorityFile
          $0.connectTo = HostAndPort("127.0.0.1:\(trial.provider.port)")
        }.fetch(previous: nil, validators: nil).fetched
        #expect(fetched?.body == Array(TestKey.set(keys.key).utf8))
        #expect(trial.provider.requests.count == 1)
        #expect(keys.provider.requests.map { $0.headers["host"] } == ["localhost:\(keys.provider.port)"])
      }
    }
  }
}
