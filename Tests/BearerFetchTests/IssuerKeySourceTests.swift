import BearerJOSE
import BearerKeys
import BearerTestKit
import NIOPosix
import Testing

@testable import BearerFetch

@Suite(.timeLimit(.minutes(1)))
struct IssuerKeySourceTests {
  @Test("discovery leads to the key set")
  func discovery() async throws {
    let provider = try await FaultyProvider.start()
    provider.setKeys(#"{"keys":[]}"#)
    let source = IssuerKeySource(
      settings: KeySourceSettings(url: provider.issuer, algorithms: [.es256]),
      group: MultiThreadedEventLoopGroup.singleton, environment: [:])
    let result = await source.fetch(previous: nil, validators: nil)
    print(result)
    #expect(provider.requests.map(\.path) == ["/.well-known/openid-configuration", "/jwks"])
    await provider.stop()
  }
}
