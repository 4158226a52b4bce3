import BearerAddress
import BearerKeys
import Testing

@testable import BearerFetch

struct ProxyChoiceTests {
  @Test(
    "NO_PROXY covers names with what is below them, addresses, blocks and ports",
    arguments: [
      ("*", "https://a.test", true), ("a.test", "https://a.test", true), ("a.test", "https://b.a.test", true),
      (".a.test", "https://b.a.test", true), ("*.a.test", "https://b.a.test", true),
      (".a.test", "https://a.test", true),
      ("A.Test", "https://a.test", true), ("a.test", "https://ba.test", false), ("b.a.test", "https://a.test", false),
      ("x.test, a.test", "https://a.test", true), ("x.test a.test", "https://a.test", true),
      ("a.test:443", "https://a.test", true), ("a.test:8443", "https://a.test", false),
      ("10.0.0.1", "https://10.0.0.1", true), ("10.0.0.1", "https://10.0.0.2", false),
      ("10.0.0.0/8", "https://10.9.9.9:8443", true), ("10.0.0.0/8", "https://11.0.0.1", false),
      ("10.0.0.0/+8", "https://10.9.9.9", false),
      ("10.0.0.0/8", "https://a.test", false), ("fd00::/8", "https://[fd00::1]", true),
      ("fd00:0:0::1", "https://[fd00::1]", true), ("::1", "https://[::2]", false),
      ("[fd00::1]:443", "https://[fd00::1]", true),
      ("0.0.0.1", "https://10.0.0.0.1.test", false),
      ("", "https://a.test", false), (",,", "https://a.test", false), ("a/b", "https://a.test", false),
    ])
  func exceptions(_ list: String, _ url: String, _ expected: Bool) throws {
    #expect(ProxyChoice.isExcepted(try WebAddress(parsing: url), by: list) == expected)
  }

  @Test("the issuer's key outranks the environment, and loopback is never proxied")
  func precedence() throws {
    let address = try WebAddress(parsing: "https://a.test")
    let environment = [
      "HTTPS_PROXY": "http://env.test:1", "https_proxy": "http://lower.test:2", "NO_PROXY": "*.b.test",
    ]
    func chosen(_ url: String, _ configured: String?, _ environment: [String: String]) throws -> String? {
      try ProxyChoice.proxy(
        for: WebAddress(parsing: url), configured: configured.map { try ProxyAddress(parsing: $0) },
        environment: environment)?.shown
    }
    #expect(try ProxyChoice.proxy(for: address, configured: nil, environment: [:]) == nil)
    #expect(try chosen("https://a.test", nil, environment) == "env.test:1")
    #expect(try chosen("https://a.test", nil, ["https_proxy": "lower.test:2"]) == "lower.test:2")
    #expect(try chosen("https://a.test", nil, ["HTTPS_PROXY": "", "https_proxy": "lower.test:2"]) == "lower.test:2")
    #expect(try chosen("https://c.b.test", nil, environment) == nil)
    #expect(try chosen("https://c.b.test", "http://own.test:3", environment) == "own.test:3")
    #expect(try chosen("https://127.0.0.1:8443", "http://own.test:3", environment) == nil)
    #expect(try chosen("https://localhost", nil, environment) == nil)
    #expect(try chosen("https://a.test", nil, ["HTTP_PROXY": "http://env.test:1"]) == nil)
  }

  @Test("a proxy of the environment that is not http://host:port is told as a fault of the proxy")
  func refused() throws {
    let failure = try #require(throws: FetchFault.self) {
      try ProxyChoice.proxy(
        for: WebAddress(parsing: "https://a.test"), configured: nil,
        environment: ["HTTPS_PROXY": "https://user:hunter2@p.test"])
    }
    #expect(failure.code == .proxyFailed)
    #expect(failure.message.contains("names a proxy whose scheme is not http"))
    #expect(!failure.message.contains("hunter2"))
  }
}
