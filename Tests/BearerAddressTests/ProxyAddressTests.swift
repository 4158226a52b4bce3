import BearerAddress
import Testing

struct ProxyAddressTests {
  @Test("a proxy's credentials are read and never shown")
  func credentials() throws {
    let proxy = try ProxyAddress(parsing: "http://us%40er:p%3Aw%25d@[fd00::1]:3128/")
    #expect(proxy.host == "fd00::1")
    #expect(proxy.port == 3128)
    #expect(proxy.user == "us@er")
    #expect(proxy.password == "p:w%d")
    #expect(proxy.shown == "[fd00::1]:3128")
    #expect(try ProxyAddress(parsing: "proxy.test").shown == "proxy.test:80")
    // A sign is no hexadecimal digit.
    #expect(try ProxyAddress(parsing: "http://a%+fb:c%-0d@proxy.test").user == "a%+fb")
    #expect(try ProxyAddress(parsing: "http://a%+fb:c%-0d@proxy.test").password == "c%-0d")
  }

  @Test("nothing that prints a proxy prints its credentials")
  func prints() throws {
    let proxy = try ProxyAddress(parsing: "http://user:secret@10.0.0.1:3128")
    var dumped = ""
    dump(proxy, to: &dumped)
    for text in [dumped, "\(proxy)", String(reflecting: proxy), String(reflecting: [proxy])] {
      #expect(!text.contains("secret"))
      #expect(!text.contains("user"))
    }
    #expect("\(proxy)" == "http://…@10.0.0.1:3128")
    #expect("\(try ProxyAddress(parsing: "p.test"))" == "http://p.test:80")
  }

  @Test(
    "another kind of proxy is refused without repeating what was written",
    arguments: [
      "https://user:hunter2@p.test", "socks5://user:hunter2@p.test", "http://user:hunter2@", "http://p.test:x", "",
      "http://p.test/path", "http://p.test?x", "http://p.test#x", "http://::1", "::1", "http://user@p test",
      // The Kelvin sign, of which folding case makes a k.
      "http://ban\u{212A}.test",
    ])
  func refused(_ text: String) throws {
    let fault = try #require(throws: AddressFault.self) { try ProxyAddress(parsing: text) }
    #expect(!fault.reason.contains("hunter2"))
  }
}
