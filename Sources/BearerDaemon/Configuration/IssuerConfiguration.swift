package import BearerAddress
package import BearerJOSE

/// One issuer whose tokens are verified; an `[issuer.NAME]` table of the configuration.
package struct IssuerConfiguration: Equatable, Sendable {
  /// Where an issuer's keys come from.
  package enum Source: Equatable, Sendable {
    /// OpenID Connect Discovery at the issuer's url.
    case discovery
    /// A JWKS document at this address; https, or http on loopback.
    case jwksURI(String)
    /// A JWKS document in this file; an absolute path.
    case jwksFile(String)
  }

  /// The table's name: what logs, `status` and `refresh-jwks` call the issuer.
  package var name: String
  /// What `iss` must be, byte for byte; with ``Source/discovery`` an https address, or http on loopback.
  package var url: String
  /// Where the keys come from.
  package var source: Source
  /// The algorithms that are accepted; never empty.
  package var algorithms: Set<Algorithm>
  /// Lifetime of a key set; headers of a response may shorten it.
  package var refresh: Duration
  /// How long after their lifetime keys stay usable while refresh fails; zero for not at all.
  package var maxStale: Duration
  /// The shortest time between two fetches for unknown `kid`s.
  package var unknownKeyCooldown: Duration
  /// How long a request may wait for a fetch that it needs; zero for not at all.
  package var keyWait: Duration
  /// The longest that one fetch may take, in all.
  package var timeout: Duration
  /// A PEM file of certificate authorities in addition to the system's; an absolute path.
  package var caFile: String?
  /// A PEM file with the certificate chain that is shown to the issuer; an absolute path, only with ``clientKey``.
  package var clientCertificate: String?
  /// A PEM file with the private key of ``clientCertificate``; an absolute path.
  package var clientKey: String?
  /// Where to connect instead of the authority of ``url``, whose port counts if none is given; `Host`, SNI and `iss` stay as they are.
  package var connectTo: HostAndPort?
  /// The proxy that fetches go through, whatever the environment says; `nil` leaves it to the environment's
  /// `HTTPS_PROXY` and `NO_PROXY`.
  package var proxy: ProxyAddress?

  /// An issuer with the configuration's defaults for all that is not given.
  package init(
    name: String, url: String, source: Source = .discovery, algorithms: Set<Algorithm> = Self.defaultAlgorithms,
    refresh: Duration = .seconds(600), maxStale: Duration = .seconds(86_400),
    unknownKeyCooldown: Duration = .seconds(30), keyWait: Duration = .milliseconds(500),
    timeout: Duration = .seconds(5), caFile: String? = nil, clientCertificate: String? = nil,
    clientKey: String? = nil, connectTo: HostAndPort? = nil, proxy: ProxyAddress? = nil
  ) {
    self.name = name
    self.url = url
    self.source = source
    self.algorithms = algorithms
    self.refresh = refresh
    self.maxStale = maxStale
    self.unknownKeyCooldown = unknownKeyCooldown
    self.keyWait = keyWait
    self.timeout = timeout
    self.caFile = caFile
    self.clientCertificate = clientCertificate
    self.clientKey = clientKey
    self.connectTo = connectTo
    self.proxy = proxy
  }

  /// The algorithms of an issuer that names none: RS256, PS256, ES256, ES384 and EdDSA.
  package static let defaultAlgorithms: Set<Algorithm> = [.rs256, .ps256, .es256, .es384, .ed25519, .ed448]
}
