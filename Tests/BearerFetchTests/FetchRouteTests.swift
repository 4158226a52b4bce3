import BearerAddress
import BearerKeys
import Testing

@testable import BearerFetch

struct FetchRouteTests {
  static func routes(_ url: String, _ settings: KeySourceSettings, _ environment: [String: String] = [:]) throws
    -> [FetchRoute]
  {
    try FetchRoute.routes(to: WebAddress(parsing: url), settings: settings.connection, environment: environment)
  }

  @Test("without connect_to an address is reached by its own name")
  func direct() throws {
    let route = try #require(
      try Self.routes("https://a.test:8443/k?x=1", KeySourceSettings(url: "https://a.test:8443", algorithms: [])).first)
    #expect(route.url == "https://a.test:8443/k?x=1")
    #expect(route.hostHeader == "a.test:8443")
    #expect(route.connectionKey == FetchRoute.ConnectionKey(certificateHost: "a.test"))
  }

  @Test("connect_to moves the connection and keeps the name")
  func connectTo() throws {
    let settings = KeySourceSettings(
      url: "https://a.test/realm", algorithms: [], connectTo: HostAndPort("10.0.0.5:8443"))
    let route = try #require(try Self.routes("https://a.test/k", settings).first)
    #expect(route.url == "https://a.test:8443/k")
    #expect(route.hostHeader == "a.test")
    #expect(
      route.connectionKey == FetchRoute.ConnectionKey(overrides: ["a.test": "10.0.0.5"], certificateHost: "a.test"))
  }

  @Test("connect_to without a port keeps the public one")
  func connectToWithoutPort() throws {
    let settings = KeySourceSettings(url: "https://a.test:9443", algorithms: [], connectTo: HostAndPort("inner.test"))
    let route = try #require(try Self.routes("https://a.test:9443/k", settings).first)
    #expect(route.url == "https://a.test:9443/k")
    #expect(route.connectionKey.overrides == ["a.test": "inner.test"])
  }

  @Test("connect_to is for url's own authority only: another port or host goes its own way")
  func otherAuthority() throws {
    let settings = KeySourceSettings(url: "https://a.test", algorithms: [], connectTo: HostAndPort("10.0.0.5:8443"))
    for url in ["https://b.test/k", "https://a.test:444/k"] {
      #expect(try Self.routes(url, settings).first?.connectionKey.overrides == [:])
    }
  }

  @Test("connect_to goes past the environment's proxy, not past the issuer's own")
  func connectToAndProxy() throws {
    let environment = ["HTTPS_PROXY": "http://env.test:1"]
    var settings = KeySourceSettings(url: "https://a.test", algorithms: [], connectTo: HostAndPort("10.0.0.5:8443"))
    #expect(try Self.routes("https://a.test/k", settings, environment).first?.connectionKey.proxy == nil)
    settings.proxy = try ProxyAddress(parsing: "http://own.test:3")
    #expect(
      try Self.routes("https://a.test/k", settings, environment).first?.connectionKey.proxy?.shown == "own.test:3")
    settings.connectTo = HostAndPort("127.0.0.1:8443")
    #expect(try Self.routes("https://a.test/k", settings, environment).first?.connectionKey.proxy == nil)
  }

  @Test("plain http to localhost names loopback addresses, so that no resolver is asked")
  func localhost() throws {
    let settings = KeySourceSettings(url: "http://localhost:8080", algorithms: [])
    let routes = try Self.routes("http://localhost:8080/k", settings)
    #expect(routes.map(\.url) == ["http://127.0.0.1:8080/k", "http://[::1]:8080/k"])
    #expect(routes.map(\.hostHeader) == ["localhost:8080", "localhost:8080"])
  }

  @Test(
    "connect_to that would weaken what proves the provider is refused",
    arguments: [
      ("http://localhost:8080", "10.0.0.5:80"), ("http://127.0.0.1:8080", "localhost:80"),
      ("https://10.0.0.1", "10.0.0.5:80"),
    ])
  func refused(_ url: String, _ connectTo: String) throws {
    let settings = KeySourceSettings(url: url, algorithms: [], connectTo: HostAndPort(connectTo))
    let failure = try #require(throws: FetchFault.self) { try Self.routes(url + "/k", settings) }
    #expect(failure.code == .invalidURL)
  }
}
