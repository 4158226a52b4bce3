import BearerAddress
import BearerConfiguration
import BearerJOSE
import BearerTOML
import Testing

@testable import BearerDaemon
@testable import BearerFetch
@testable import BearerKeys

@Suite struct IssuerSettingsTests {
  @Test("an issuer's table becomes the settings of its fetches and refreshes")
  func settings() throws {
    let text = """
      [issuer.a]
      url = "https://a.example"
      algorithms = ["ES256"]
      refresh = "1h"
      max_stale = "2h"
      unknown_key_cooldown = "3m"
      key_wait = "4s"
      timeout = "6s"
      ca_file = "/ca"
      client_certificate = "/c"
      client_key = "/k"
      connect_to = "[fd00::5]:8443"
      proxy = "http://user:secret@10.0.0.1:3128"
      [issuer.b]
      url = "x"
      jwks_file = "/keys"
      [policy.default]
      issuers = ["a"]
      audiences = ["api"]
      """
    let issuers = try Configuration(reading: TOMLReader.read(Array(text.utf8)), environment: [:]).issuers
    let a = try #require(issuers.first)
    let proxy = try ProxyAddress(parsing: "http://user:secret@10.0.0.1:3128")
    #expect(
      a.keySourceSettings
        == KeySourceSettings(
          url: "https://a.example", algorithms: [.es256], timeout: .seconds(6), caFile: "/ca",
          connectTo: HostAndPort("[fd00::5]:8443"),
          proxy: proxy, clientCertificateFile: "/c",
          clientKeyFile: "/k"))
    #expect(
      a.refreshSettings
        == RefreshSettings(
          refresh: .seconds(3600), maximumStale: .seconds(7200), unknownKeyCooldown: .seconds(180),
          keyWait: .seconds(4), timeout: .seconds(6)))
    let b = try #require(issuers.last)
    #expect(b.keySourceSettings.origin == .jwksFile("/keys"))
    #expect(b.refreshSettings.renewal == .fileChanges)
  }
}
