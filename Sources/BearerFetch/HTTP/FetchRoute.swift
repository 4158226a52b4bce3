import BearerAddress
import BearerKeys

/// How one address is reached: what is asked for, and what is really connected to.
struct FetchRoute: Equatable, Sendable {
  /// What decides which connections can be shared: the address override and the proxy.
  struct ConnectionKey: Hashable, Sendable {
    /// The host to connect to in place of each public host.
    var overrides: [String: String] = [:]
    /// The proxy, if any.
    var proxy: ProxyAddress?
    /// The address that the proxy's name was resolved to, if it has a name.
    var proxyAddress: String?
    /// The host that the certificate must be for; `nil` without TLS.
    var certificateHost: String?
  }

  /// The host in ``url``.
  var host: String
  /// The URL for the client; its port is that of the connection, not of the public name.
  var url: String
  /// The `Host` header: always the public authority.
  var hostHeader: String
  /// Which connections it can use.
  var connectionKey: ConnectionKey
  /// Where the connection goes, for messages.
  var peer: String

  /// The routes to an address, to be tried in turn until something listens.
  ///
  /// - Parameters:
  ///   - address: What is to be fetched.
  ///   - settings: How the service is reached; `connectTo` applies to the authority of `url` only.
  ///   - environment: The process's environment, for its proxy variables.
  /// - Returns: At least one route.
  /// - Throws: `invalid_url` or `proxy_failed` if the settings cannot hold for this address.
  static func routes(
    to address: WebAddress, settings: ConnectionSettings, environment: [String: String]
  ) throws(FetchFault) -> [FetchRoute] {
    if let connectTo = settings.connectTo, appliesConnectTo(to: address, settings: settings) {
      return [try overridden(address, connectTo: connectTo, settings: settings)]
    }
    if address.scheme == .http, address.host == "localhost" {
      // Without TLS nothing proves who answers, so the name is never given to a resolver: it is this host, or nothing.
      return ["127.0.0.1", "[::1]"].map { literal in
        FetchRoute(
          host: literal, url: "http://\(literal):\(address.port)\(address.target)", hostHeader: address.authority,
          connectionKey: ConnectionKey(),
          peer: "\(literal):\(address.port)")
      }
    }
    let proxy = try ProxyChoice.proxy(for: address, configured: settings.proxy, environment: environment)
    return [
      FetchRoute(
        host: address.host, url: address.origin + address.target, hostHeader: address.authority,
        connectionKey: ConnectionKey(proxy: proxy, certificateHost: address.scheme == .https ? address.host : nil),
        peer: proxy.map { "\(address.authority) through the proxy \($0.shown)" }
          ?? "\(address.hostInURL):\(address.port)")
    ]
  }

  /// The name that must be resolved before a connection can be made; `nil` if an address is configured.
  var nameToResolve: String? {
    let target = connectionKey.proxy?.host ?? connectionKey.overrides[host] ?? host
    let bare = target.hasPrefix("[") ? String(target.dropFirst().dropLast()) : target
    return IPAddress(bare) == nil ? target : nil
  }

  /// The same route, with one address in place of the name that is connected to.
  func connecting(to address: String) -> FetchRoute {
    var route = self
    if connectionKey.proxy == nil {
      route.connectionKey.overrides[host] = address
    } else {
      route.connectionKey.proxyAddress = address
    }
    return route
  }

  /// Whether `connectTo` applies to an address: one on url's own authority, or any if url has none.
  static func appliesConnectTo(to address: WebAddress, settings: ConnectionSettings) -> Bool {
    // An issuer's url need not be an address, except for discovery.
    guard let issuer = try? WebAddress(parsing: settings.url) else { return true }
    return issuer.hasSameOrigin(as: address)
  }

  /// A connection to another place under the public name.
  ///
  /// The client takes SNI and the name for the certificate from the URL's host, the connection's host from the override
  /// and its port from the URL. So the URL carries the connection's port, and the `Host` header is given explicitly.
  /// A proxy is used only if the issuer's table names one: otherwise connect_to means a direct connection.
  private static func overridden(
    _ address: WebAddress, connectTo target: HostAndPort, settings: ConnectionSettings
  ) throws(FetchFault) -> FetchRoute {
    let targetIsLoopback = target.host == "localhost" || IPAddress(target.host)?.isLoopback == true
    if address.scheme == .http, IPAddress(target.host)?.isLoopback != true {
      throw FetchFault(
        .invalidURL, found: "connect_to leads plain http away from this host",
        advice: "use an https url, or a loopback address in connect_to")
    }
    if IPAddress(address.host) != nil {
      // The client would check the certificate against the connection's address, not the public one.
      throw FetchFault(
        .invalidURL, found: "connect_to is set for \(address.origin), which is an address already",
        advice: "use a host name in url, or leave connect_to out")
    }
    let port = target.port ?? address.port
    let proxy = targetIsLoopback ? nil : settings.proxy
    let shown = (target.host.contains(":") ? "[\(target.host)]" : target.host) + ":\(port)"
    return FetchRoute(
      host: address.host, url: "\(address.scheme.rawValue)://\(address.host):\(port)\(address.target)",
      hostHeader: address.authority,
      connectionKey: ConnectionKey(
        overrides: [address.host: target.host], proxy: proxy,
        certificateHost: address.scheme == .https ? address.host : nil),
      peer: proxy.map { "\(shown) (connect_to) through the proxy \($0.shown)" } ?? "\(shown) (connect_to)")
  }
}
