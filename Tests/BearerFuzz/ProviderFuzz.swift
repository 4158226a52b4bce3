import BearerAddress
import BearerJSON
import BearerKeys
import Foundation
import Glibc
import NIOHTTP1

@testable import BearerFetch

/// What a provider, or the network, says besides keys: discovery documents, header fields, addresses, certificates' names.
///
/// An input is a byte that chooses, and the text.
struct ProviderFuzz: FuzzTarget {
  private let address: WebAddress

  static func seeds() throws -> [[UInt8]] {
    let texts: [(UInt8, String)] = [
      (0, #"{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/keys"}"#),
      (0, #"{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/keys","x":1,"x":2}"#),
      (0, "<html>"), (1, "max-age=60, no-cache=\"x\"\nno-store\nSun, 06 Nov 1994 08:49:37 GMT\n0\n5"),
      (2, "Sun, 06 Nov 1994 08:49:37 GMT"), (2, "Sunday, 06-Nov-94 08:49:37 GMT"), (2, "Sun Nov  6 08:49:37 1994"),
      (2, "Sun, 6  Nov 1994 08:49:37 GMT"),
      (3, "https://Issuer.example:8443/a/b?c=d"), (3, "http://[::1]:80"), (3, "http://127.0.0.1"),
      (4, "[fd00::5]:8443"), (4, "host.example:443"), (5, "192.0.2.1"), (5, "2001:db8::1"), (5, "::ffff:192.0.2.1"),
      (5, "-0::1"),
      (6, "localhost,.example,10.0.0.0/8,[::1]:80,*.x"), (6, "http://user:p%40ss@proxy.example:3128"),
      (7, "a.example\n*.example\nA.Example"),
    ]
    return texts.map { [$0] + Array($1.utf8) }
  }

  init() throws {
    address = try WebAddress(parsing: "https://issuer.example/.well-known/openid-configuration")
  }

  mutating func feed(_ input: [UInt8]) {
    guard let choice = input.first else { return }
    let body = Array(input.dropFirst())
    let text = String(decoding: body, as: UTF8.self)
    switch choice % 8 {
    case 0: discovery(body)
    case 1: lifetime(text)
    case 2: date(text)
    case 3: webAddress(text)
    case 4: hostAndPort(text)
    case 5: ipAddress(text)
    case 6: proxies(text)
    default: certificate(text)
    }
  }

  private func discovery(_ body: [UInt8]) {
    let answer = HTTPAnswer(address: address, status: 200, headers: HTTPHeaders(), body: body)
    do throws(FetchFault) {
      let document = try DiscoveryDocument(parsing: answer, issuer: "https://issuer.example")
      // A member twice that nobody asks for is no fault of a document, but refused by the slow reader.
      if let document = SlowJSON.read(body) {
        require(document["issuer"]?.utf8 == Array("https://issuer.example".utf8), "of another issuer")
      }
      require(document.keysAddress.isProtected, "keys without protection")
    } catch {
      let shown = error.message.filter { $0 != "…" }
      require(
        shown.utf8.allSatisfy { (0x20...0x7E).contains($0) } && shown.utf8.count < 2000, "unfit for a log: \(shown)")
    }
  }

  private func lifetime(_ text: String) {
    var fields = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let age = fields.popLast()
    let expires = fields.popLast()
    let date = fields.popLast()
    let stated = CacheLifetime.remaining(
      cacheControl: fields, age: age, expires: expires, date: date, now: 1_800_000_000)
    if let stated { require((.zero...(.seconds(Int64(1) << 31))).contains(stated), "a lifetime of \(stated)") }
    let isForbidden = fields.contains { field in
      let directives = field.lowercased().utf8.split(separator: 0x2C)
      return !field.contains("\"")
        && directives.contains {
          String(Substring($0)).trimmingCharacters(in: .init(charactersIn: " \t")) == "no-store"
        }
    }
    if isForbidden { require(stated == .zero, "no-store is overlooked") }
  }

  private func date(_ text: String) {
    guard let seconds = HTTPDate.seconds(parsing: text) else { return }
    require((-62_200_000_000...253_500_000_000).contains(seconds), "a date of \(seconds)")
    // Written again by gmtime(3): the same, unless the text has a day or a second that its month or minute does not have.
    var parts = tm()
    var time = time_t(seconds)
    guard text.utf8.count == 29, text.utf8.last == UInt8(ascii: "T"), gmtime_r(&time, &parts) != nil else { return }
    let digits = { (number: CInt, width: Int) in
      String(repeating: "0", count: max(0, width - "\(number)".count)) + "\(number)"
    }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let clock = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2)) GMT"
    let written = "\(digits(parts.tm_mday, 2)) \(months[Int(parts.tm_mon)]) \(digits(parts.tm_year + 1900, 4)) \(clock)"
    let given = text.dropFirst(5)
    // Not what is only read generously: a day or an hour of one digit, a year of five, blanks more or less.
    let isPlain = given.wholeMatch(of: #/[0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT/#) != nil
    let isOverfull = given.hasPrefix("29") || given.hasPrefix("3") || given.contains(":60")
    if isPlain, !isOverfull, text.dropFirst(3).hasPrefix(", ") {
      require(given == written, "another date: \(seconds)")
    }
  }

  private func webAddress(_ text: String) {
    guard let address = try? WebAddress(parsing: text) else { return }
    let whole = address.origin + address.target
    require((try? WebAddress(parsing: whole)) == address, "not itself: \(whole)")
    require(whole.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "unfit for a request line")
    require(!address.host.isEmpty && (1...65535).contains(address.port), "no host or port")
    // The client takes the address apart again, and must find the same host.
    guard let url = URL(string: whole) else { return }
    require(url.host(percentEncoded: false)?.lowercased() == address.host, "another host: \(whole)")
  }

  private func hostAndPort(_ text: String) {
    guard let address = HostAndPort(text) else { return }
    require(HostAndPort(address.description) == address, "not itself: \(address)")
    require(address.host.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "unfit for a request line")
    require(text.utf8.allSatisfy { $0 < 0x80 }, "a name that is not ASCII: \(address)")
  }

  private func ipAddress(_ text: String) {
    guard let address = IPAddress(text) else { return }
    var bytes = [UInt8](repeating: 0, count: address.bytes.count)
    let isRead = inet_pton(bytes.count == 4 ? AF_INET : AF_INET6, text, &bytes) == 1
    require(isRead && bytes == address.bytes, "another address")
    require(address.hasPrefix(address, bits: bytes.count * 8), "not in its own network")
  }

  private func proxies(_ text: String) {
    _ = ProxyChoice.isExcepted(address, by: text)
    if text.utf8.split(whereSeparator: { $0 == 0x2C }).contains(where: { $0.elementsEqual("issuer.example".utf8) }) {
      require(ProxyChoice.isExcepted(address, by: text), "an exception is overlooked")
    }
    guard let proxy = try? ProxyAddress(parsing: text) else { return }
    require(HostAndPort(proxy.shown) != nil, "no address: \(proxy.shown)")
  }

  private func certificate(_ text: String) {
    let parts = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    guard parts.count > 1 else { return }
    let host = String(decoding: parts[0], as: UTF8.self)
    let isFor = CertificateName.isFor(host: host, names: Array(parts.dropFirst()), addresses: [])
    if isFor {
      require(IPAddress(host) == nil, "a name for an address")
      let last = host.utf8.last == 0x2E ? Array(host.utf8.dropLast()) : Array(host.utf8)
      let tail = last.drop { $0 != 0x2E }
      require(
        parts.dropFirst().contains { name in
          let name = String(decoding: name, as: UTF8.self).lowercased().utf8
          return name.elementsEqual(last) || (!tail.isEmpty && name.elementsEqual(Array("*".utf8) + tail))
        }, "a certificate for another name")
    }
  }
}
