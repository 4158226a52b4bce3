import BearerConfiguration
import BearerFetch
import BearerKeys
import BearerProviderKit
import BearerTestKit
import Testing

@testable import BearerDaemon

@Suite(.timeLimit(.minutes(10)))
struct IssuerCheckTests {
  private func issuer(_ name: String, _ url: String, timeout: Duration) -> IssuerConfiguration {
    var issuer = IssuerConfiguration(name: name, url: url)
    issuer.timeout = timeout
    return issuer
  }

  @Test("all issuers are tried at the same time, and reported in the order of the configuration")
  func sameTime() async throws {
    let slow = try await FaultyProvider.start()
    let quick = try await FaultyProvider.start()
    for provider in [slow, quick] { provider.setKeys(TestKey.set(try TestKey(kid: "k1"))) }
    slow.answer(.discovery, with: .held)
    let issuers = [("slow", slow), ("quick", quick)].map { name, provider in
      issuer(name, provider.issuer, timeout: .seconds(20))
    }
    async let reports = IssuerCheck.run(issuers, environment: [:])
    // The second is done but for its last answer while the first still waits.
    _ = await quick.request(2)
    slow.release()
    #expect(await reports.map(\.issuer) == [slow.issuer, quick.issuer])
    #expect(await reports.map(\.isUsable) == [true, true])
    await slow.stop()
    await quick.stop()
  }

  @Test("the environment's proxy is used, as by the daemon")
  func proxy() async throws {
    let proxy = try await ConnectProxy.start(.refuse(status: 403))
    let reports = await IssuerCheck.run(
      // Longer than a machine with much to do takes: the refusal ends it, not the time.
      [issuer("a", "https://\(TestCertificates.publicName)", timeout: .seconds(60))],
      environment: ["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"])
    #expect(reports.map { $0.findings.map(\.code) } == [["proxy_failed"]])
    #expect(proxy.requests.map(\.authority) == ["\(TestCertificates.publicName):443"])
    await proxy.stop()
  }
}
