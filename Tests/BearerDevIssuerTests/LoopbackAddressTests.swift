import BearerDevIssuer
import BearerDevIssuerServer
import Testing

@Suite struct LoopbackAddressTests {
  @Test("what stays on this machine is accepted", arguments: ["127.0.0.1", "127.255.0.9", "::1", "localhost"])
  func acceptsLoopback(host: String) throws {
    #expect(try LoopbackAddress(host).host == host)
  }

  @Test(
    "what others could reach is refused",
    arguments: [
      "0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "127.0.0.1.example.com", "127.0.0", "127.0.0.256", "127.0.0.+1",
      "example.com", "localhost.example.com", "",
    ])
  func refusesEverythingElse(host: String) {
    #expect {
      try LoopbackAddress(host)
    } throws: { error in
      guard case .notLoopback(let refused) = error as? DevIssuerError else { return false }
      return refused == host
    }
  }
}
