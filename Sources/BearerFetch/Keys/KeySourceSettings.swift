package import BearerAddress
package import BearerJOSE

/// How an issuer's keys are found: what its `[issuer.NAME]` table says of the network.
package struct KeySourceSettings: Equatable, Sendable {
  /// Where the keys come from.
  package enum Origin: Equatable, Sendable {
    /// OpenID Connect Discovery 1.0 section 4, from `url`.
    case discovery
    /// A JWKS at this address; `url` may then be any string.
    case jwksURI(String)
    /// A JWKS in this file; the network is not used.
    case jwksFile(String)
  }

  /// The issuer's identifier, which the discovery document must repeat byte for byte.
  package var url = ""
  /// Where the keys come from.
  package var origin = Origin.discovery
  /// The algorithms that the operator allows; never taken from the provider.
  package var algorithms: Set<Algorithm> = []
  /// How long one fetch may take in all: discovery and key set, from name resolution to the last byte.
  package var timeout = FetchLimits.timeout
  /// Certificates of authorities (PEM) that are trusted beside the system's; read again when the file changes.
  package var caFile: String?
  /// Where to connect in place of the authority of `url`, whose port is used if none is given here.
  package var connectTo: HostAndPort?
  /// The proxy for this issuer; without it, the environment decides.
  package var proxy: ProxyAddress?
  /// A certificate (PEM, with its chain) that this daemon shows to the provider.
  package var clientCertificateFile: String?
  /// The private key (PEM) of `clientCertificateFile`.
  package var clientKeyFile: String?
  /// The largest body that is read, in bytes.
  package var bodyBytes = FetchLimits.bodyBytes

  /// How the issuer's provider is reached.
  var connection: ConnectionSettings {
    ConnectionSettings(
      url: DiscoveryDocument.ofAllTenants(url), connectTo: connectTo, proxy: proxy,
      tls: TLSFiles(authorities: caFile, certificate: clientCertificateFile, key: clientKeyFile), timeout: timeout,
      bodyBytes: bodyBytes)
  }
}

extension KeySourceSettings {
  /// The defaults, but for what `change` sets.
  package init(_ change: (inout Self) -> Void = { _ in }) {
    self.init()
    change(&self)
  }
}
