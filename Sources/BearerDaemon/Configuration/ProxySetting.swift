/// How fetches for an issuer leave this host.
package enum ProxySetting: Equatable, Sendable {
  /// Directly.
  case direct
  /// Through the proxy that the issuer's table names, whatever the environment says.
  case address(ProxyAddress)
  /// Through the proxy that the environment names (`HTTPS_PROXY`), except for hosts in `NO_PROXY`.
  ///
  /// `noProxy` holds the list's entries without white space around them: a host or domain (with or without a leading
  /// dot) that stands for itself and everything below it, an address, or `*`.
  case environment(ProxyAddress, noProxy: [String])
}

/// The address of an HTTP proxy, which may hold a password and therefore never prints it.
package struct ProxyAddress: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// The proxy's host; an IPv6 address is without brackets.
  package var host: String
  /// The proxy's port; 1...65535.
  package var port: Int
  /// What is before the `@`, percent-encoded as it was written; a secret.
  package var userinfo: String?

  /// A proxy's address.
  package init(host: String, port: Int, userinfo: String? = nil) {
    self.host = host
    self.port = port
    self.userinfo = userinfo
  }

  /// Reads `http://[user:password@]host[:port]`, without a path; the port is 80 unless given.
  package init?(_ text: String) {
    guard let address = WebAddress(text), address.scheme == "http", address.path == "" || address.path == "/",
      address.query == nil, address.fragment == nil
    else { return nil }
    self.init(host: address.host, port: address.port ?? 80, userinfo: address.userinfo)
  }

  /// The address without its credentials.
  package var description: String {
    let bracketed = host.contains(":") ? "[\(host)]" : host
    return "http://\(userinfo == nil ? "" : "…@")\(bracketed):\(port)"
  }

  /// The address without its credentials.
  package var debugDescription: String { description }

  /// Shows nothing inside, so that `dump` cannot print the password.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension ProxySetting {
  /// The environment's proxy for https: `https_proxy` or `HTTPS_PROXY`, with `no_proxy` or `NO_PROXY`.
  ///
  /// The spelling in small letters counts first, as it does in most programs; an empty variable is none.
  ///
  /// - Throws: A fault if the variable holds something else than the address of an HTTP proxy. To go directly then would
  ///   pass by what somebody put there on purpose.
  init(environment: [String: String]) throws(ConfigurationFault) {
    func variable(_ name: String) -> (name: String, value: String)? {
      for name in [name, name.uppercased()] {
        if let value = environment[name], !value.isEmpty { return (name, value) }
      }
      return nil
    }
    guard let (name, text) = variable("https_proxy") else {
      self = .direct
      return
    }
    guard let address = ProxyAddress(text.contains("://") ? text : "http://" + text) else {
      // What was found is not shown: it may hold a password.
      throw ConfigurationFault(
        place: name, expected: "http://host:port, or a key proxy in every issuer's table",
        message: "not the address of an HTTP proxy")
    }
    let list = (variable("no_proxy")?.value ?? "").split { $0 == "," || $0 == " " }.map(String.init)
    self = .environment(address, noProxy: list)
  }
}
