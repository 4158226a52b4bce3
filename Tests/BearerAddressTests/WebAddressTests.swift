import BearerAddress
import Testing

struct WebAddressTests {
  @Test("an address is taken apart")
  func parts() throws {
    let address = try WebAddress(parsing: "HTTPS://Auth.Example.test:8443/realms/a?x=1")
    #expect(address.scheme == .https)
    #expect(address.host == "auth.example.test")
    #expect(address.port == 8443)
    #expect(address.target == "/realms/a?x=1")
    #expect(address.authority == "auth.example.test:8443")
    #expect(address.shown == "https://auth.example.test:8443/realms/a")
  }

  @Test(
    "the scheme's own port and the root path go without saying",
    arguments: [
      ("https://a.test", "a.test", 443, "/"), ("http://127.0.0.1", "127.0.0.1", 80, "/"),
      ("https://a.test:443/", "a.test", 443, "/"), ("https://a.test?q", "a.test", 443, "/?q"),
      ("https://[2001:DB8::1]:99/k", "[2001:db8::1]:99", 99, "/k"),
    ])
  func defaults(_ text: String, _ authority: String, _ port: Int, _ target: String) throws {
    let address = try WebAddress(parsing: text)
    #expect(address.authority == authority)
    #expect(address.port == port)
    #expect(address.target == target)
  }

  @Test(
    "what must not be fetched is refused",
    arguments: [
      "", "auth.example.test", "ftp://a.test/", "https:/a.test", "https:a.test", "https://", "https:///path",
      "https://user@a.test/", "https://user:secret@a.test/", "https://a.test/#f", "https://a.test/ b",
      "https://a.test/\u{7F}", "https://a.test/\r\nHost: b", "https://a.test:0/", "https://a.test:65536/",
      "https://a.test:/", "https://a.test:+1/", "https://[::1/", "https://[::1]x/", "https://[a.test]/",
      "https://::1/", "https://münchen.test/", "https://a.test/<", "https://a.test\\@b.test/", "https://a%2Etest/",
      "https://" + String(repeating: "a", count: 2048),
    ])
  func refused(_ text: String) {
    #expect(throws: AddressFault.self) { try WebAddress(parsing: text) }
  }

  @Test(
    "plain http is for loopback only, as it is written",
    arguments: [
      ("http://localhost:1/", true), ("http://LOCALHOST/", true), ("http://127.0.0.1/", true),
      ("http://127.255.0.9/", true), ("http://[::1]/", true), ("http://[0:0:0:0:0:0:0:1]/", true),
      ("https://a.test/", true), ("https://10.0.0.1/", true),
      ("http://a.test/", false), ("http://localhost.a.test/", false), ("http://localhost./", false),
      ("http://127.0.0.1.a.test/", false), ("http://127.1/", false), ("http://0177.0.0.1/", false),
      ("http://128.0.0.1/", false), ("http://0.0.0.0/", false), ("http://[::]/", false), ("http://[::2]/", false),
      ("http://[::ffff:127.0.0.1]/", false), ("http://2130706433/", false),
    ])
  func protection(_ text: String, _ isProtected: Bool) throws {
    #expect(try WebAddress(parsing: text).isProtected == isProtected)
  }
}
