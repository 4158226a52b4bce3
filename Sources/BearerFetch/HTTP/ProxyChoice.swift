import BearerAddress
import BearerFiles
import BearerKeys

/// Which proxy, if any, a fetch goes through.
///
/// The environment's variables have no standard. These rules are what curl and Go have in common: `HTTPS_PROXY`
/// (or in lower case) for https, `NO_PROXY` a list of names that include their subdomains, addresses, CIDR blocks, or
/// `*`. Plain http only goes to loopback, and loopback is never proxied, so `HTTP_PROXY` has no use.
enum ProxyChoice {
  /// The proxy for one address.
  ///
  /// - Parameters:
  ///   - address: What is to be fetched.
  ///   - configured: The issuer's `proxy` key, which outranks the environment, `NO_PROXY` included.
  ///   - environment: The process's environment.
  /// - Returns: The proxy, or `nil` for a direct connection.
  /// - Throws: `proxy_failed` if the environment's proxy would be used and is not `http://host:port`.
  static func proxy(
    for address: WebAddress, configured: ProxyAddress?, environment: [String: String]
  ) throws(FetchFault) -> ProxyAddress? {
    if address.isLoopback { return nil }
    if let configured { return configured }
    guard let text = value(of: "HTTPS_PROXY", in: environment) else { return nil }
    if let exceptions = value(of: "NO_PROXY", in: environment), isExcepted(address, by: exceptions) { return nil }
    do throws(AddressFault) {
      return try ProxyAddress(parsing: text)
    } catch {
      throw FetchFault(
        .proxyFailed, found: "the proxy setting \(error.reason)",
        advice: "write proxy (or HTTPS_PROXY) as http://host:port; proxies over TLS or SOCKS are not supported")
    }
  }

  /// Whether a `NO_PROXY` list covers an address.
  static func isExcepted(_ address: WebAddress, by list: String) -> Bool {
    list.split { $0 == "," || $0 == " " || $0 == "\t" }.contains { covers(entry: $0, address) }
  }

  private static func covers(entry: Substring, _ address: WebAddress) -> Bool {
    if entry == "*" { return true }
    if let slash = entry.firstIndex(of: "/") {
      let length = entry[slash...].dropFirst()
      guard let network = IPAddress(entry[..<slash]), length.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let bits = Int(length),
        let literal = IPAddress(address.host)
      else { return false }
      return literal.hasPrefix(network, bits: bits)
    }
    // `.example.com` and `*.example.com` mean what `example.com` means: the name and all below it.
    var name = entry
    if name.hasPrefix("*") { name = name.dropFirst() }
    if name.hasPrefix(".") { name = name.dropFirst() }
    guard let pattern = HostAndPort(name) else { return false }
    if let port = pattern.port, port != address.port { return false }
    if let network = IPAddress(pattern.host) { return IPAddress(address.host) == network }
    return address.host == pattern.host || address.host.hasSuffix("." + pattern.host)
  }

  private static func value(of name: String, in environment: [String: String]) -> String? {
    environment.variable(name) ?? environment.variable(name.lowercased())
  }
}
