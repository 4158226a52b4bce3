import BearerAddress
import BearerClaims
import BearerFraming
import BearerJOSE
import BearerKeys
import Logging
import Testing

@testable import BearerConfiguration

@Suite struct ConfigurationTests {
  @Test("the least file gets every default")
  func defaults() throws {
    let configuration = try configuration(soundText)
    #expect(configuration.socketPath == "/run/bearerd/bearerd.sock")
    #expect(configuration.socketMode == 0o660)
    #expect(configuration.socketGroup == nil)
    #expect(configuration.stateDirectory == nil)
    #expect(configuration.snapshotMaxAge == .seconds(7 * 86_400))
    #expect(configuration.logLevel == .info)
    #expect(configuration.readyWait == .seconds(10))
    #expect(configuration.limits == Limits())
    #expect(configuration.policies == [Policy(name: "default", issuers: ["a"], audiences: ["api"])])
    #expect(configuration.defaultPolicy?.name == "default")
    #expect(configuration.issuers == [IssuerConfiguration(name: "a", url: "https://a.example")])
    let issuer = try #require(configuration.issuers.first)
    #expect(issuer.algorithms == [.rs256, .ps256, .es256, .es384, .ed25519, .ed448])
    #expect(issuer.refresh == .seconds(600))
    #expect(issuer.maximumStale == .seconds(86_400))
    #expect(issuer.unknownKeyCooldown == .seconds(30))
    #expect(issuer.keyWait == .milliseconds(500))
    #expect(issuer.timeout == .seconds(5))
    #expect(issuer.proxy == nil)
  }

  @Test("every key is read")
  func everyKey() throws {
    let text = """
      socket = "/tmp/b.sock"
      socket_mode = "600"
      socket_group = "web"
      state_directory = "/var/lib/b"
      snapshot_max_age = "2d"
      log_level = "debug"
      ready_wait = "0s"
      [issuer.z]
      url = "any string"
      jwks_uri = "http://[::1]:8080/keys?v=1"
      algorithms = ["EdDSA", "ES512"]
      refresh = "1h"
      max_stale = "0s"
      unknown_key_cooldown = "1m"
      key_wait = "0s"
      timeout = "1500ms"
      ca_file = "/etc/ca.pem"
      client_certificate = "/etc/c.pem"
      client_key = "/etc/k.pem"
      connect_to = "[fd00::5]:8443"
      proxy = "http://user:secret@10.0.0.1:3128"
      [issuer.b]
      url = "urn:b"
      jwks_file = "/etc/jwks.json"
      algorithms = ["Ed25519"]
      [policy.strict]
      issuers = ["b", "z"]
      audience_check = false
      token_type = "any"
      leeway = "0s"
      scopes = ["read"]
      scope_claims = ["permissions"]
      clients = ["web"]
      required_claims = ["sid"]
      max_age = "5m"
      acr_values = ["gold"]
      sender_constraint = "ignore"
      realm = "my realm"
      resource_metadata = "https://a.example/.well-known/oauth-protected-resource"
      [policy.strict.claims]
      token_use = "access"
      "https://x.example/roles" = ["admin", 7, true]
      [limits]
      line_bytes = 1
      token_bytes = 1
      connections = 2
      connections_per_uid = 3
      in_flight = 4
      output_bytes = 5
      waiting_bytes = 600000
      partial_line_timeout = "7s"
      write_timeout = "8s"
      token_cache_bytes = 9
      """
    let configuration = try configuration(text)
    #expect(configuration.socketPath == "/tmp/b.sock")
    #expect(configuration.socketMode == 0o600)
    #expect(configuration.socketGroup == "web")
    #expect(configuration.stateDirectory == "/var/lib/b")
    #expect(configuration.logLevel == .debug)
    #expect(configuration.snapshotMaxAge == .seconds(2 * 86_400))
    #expect(configuration.readyWait == .zero)
    var z = IssuerConfiguration(name: "z", url: "any string", source: .jwksURI("http://[::1]:8080/keys?v=1"))
    z.algorithms = [.ed25519, .ed448, .es512]
    z.refresh = .seconds(3600)
    z.maximumStale = .zero
    z.unknownKeyCooldown = .seconds(60)
    z.keyWait = .zero
    z.timeout = .milliseconds(1500)
    z.caFile = "/etc/ca.pem"
    z.clientCertificate = "/etc/c.pem"
    z.clientKey = "/etc/k.pem"
    z.connectTo = HostAndPort("[fd00::5]:8443")
    z.proxy = try ProxyAddress(parsing: "http://user:secret@10.0.0.1:3128")
    var b = IssuerConfiguration(name: "b", url: "urn:b", source: .jwksFile("/etc/jwks.json"))
    b.algorithms = [.ed25519]
    #expect(configuration.issuers == [z, b])
    #expect(z.renewal == .lifetime && b.renewal == .fileChanges)
    #expect(
      configuration.policies == [
        Policy(
          name: "strict", issuers: ["b", "z"], audiences: []
        ) {
          $0.checksAudience = false
          $0.tokenType = .any
          $0.leeway = .zero
          $0.scopes = ["read"]
          $0.scopeClaims = ["permissions"]
          $0.clients = ["web"]
          $0.requiredClaims = ["sid"]
          $0.claims = [
            ClaimRequirement(
              claim: "https://x.example/roles", anyOf: [.string("admin"), .integer(7), .boolean(true)]),
            ClaimRequirement(claim: "token_use", anyOf: [.string("access")]),
          ]
          $0.maximumAge = .seconds(300)
          $0.acrValues = ["gold"]
          $0.refusesSenderConstrained = false
          $0.realm = "my realm"
          $0.resourceMetadata = "https://a.example/.well-known/oauth-protected-resource"
        }
      ])
    #expect(configuration.defaultPolicy == nil)
    var limits = Limits()
    limits.lineBytes = 1
    limits.tokenBytes = 1
    limits.connections = 2
    limits.connectionsPerUID = 3
    limits.inFlight = 4
    limits.outputBytes = 5
    limits.waitingBytes = 600_000
    limits.partialLineTimeout = .seconds(7)
    limits.writeTimeout = .seconds(8)
    limits.tokenCacheBytes = 9
    #expect(configuration.limits == limits)
  }

  @Test("by default the token cache gets an eighth of what a small control group may have")
  func tokenCache() {
    #expect(Limits().tokenCacheBytes == nil)
    for (memory, expected) in [
      (nil, 16_777_216), (1 << 30, 16_777_216), (67_108_864, 8_388_608), (1, 1),
    ] as [(Int?, Int)] {
      #expect(Limits.defaultTokenCacheBytes(within: memory) == expected)
    }
  }

  @Test(
    "plain http is accepted on loopback",
    arguments: ["http://localhost:3000/a", "http://127.255.0.1", "http://[::1]:1/", "HTTP://LOCALHOST"])
  func loopback(_ url: String) throws {
    #expect(try configuration(soundText.replacing("https://a.example", with: url)).issuers.map(\.url) == [url])
  }

  @Test(
    "what only looks like loopback is not",
    arguments: [
      "http://localhost.example", "http://127.1", "http://0177.0.0.1", "http://127.0.0.256",
      "http://[::ffff:127.0.0.1]",
      "http://127.0.0.1@evil.example", "http://localhost@evil.example",
    ])
  func notLoopback(_ url: String) {
    #expect(faults(soundText.replacing("https://a.example", with: url)).hasPrefix("line 2: issuer.a.url: "))
  }

  @Test("the state directory comes from systemd unless the file says otherwise")
  func stateDirectory() throws {
    let environment = ["STATE_DIRECTORY": "/var/lib/bearerd:/var/lib/other"]
    #expect(try configuration(soundText, environment: environment).stateDirectory == "/var/lib/bearerd")
    let text = "state_directory = \"/x\"\n" + soundText
    #expect(try configuration(text, environment: environment).stateDirectory == "/x")
  }
}
