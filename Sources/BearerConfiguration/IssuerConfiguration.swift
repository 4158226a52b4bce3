package import BearerAddress
package import BearerClaims
package import BearerJOSE
package import BearerKeys

/// One issuer whose tokens are verified; an `[issuer.NAME]` table of the configuration.
@dynamicMemberLookup
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
  /// The provider whose settings the table began with, if one was named.
  package var preset: Preset?
  /// What `iss` must be, byte for byte, or a template of it; with ``Source/discovery`` an https address, or http on loopback.
  package var url: String
  /// Where the keys come from.
  package var source: Source { didSet { refreshSettings.renewal = source.renewal } }
  /// The algorithms that are accepted; never empty.
  package var algorithms = Self.defaultAlgorithms
  /// When keys are fetched, how long they are used, and how long somebody waits for them.
  package var refreshSettings = RefreshSettings()
  /// A PEM file of certificate authorities in addition to the system's; an absolute path.
  package var caFile: String?
  /// A PEM file with the certificate chain that is shown to the issuer; an absolute path, only with ``clientKey``.
  package var clientCertificate: String?
  /// A PEM file with the private key of ``clientCertificate``; an absolute path.
  package var clientKey: String?
  /// Where to connect instead of the authority of ``url``, whose port counts if none is given; `Host`, SNI and `iss`
  /// stay as they are.
  package var connectTo: HostAndPort?
  /// The proxy that fetches go through, whatever the environment says; `nil` leaves it to the environment's
  /// `HTTPS_PROXY` and `NO_PROXY`.
  package var proxy: ProxyAddress?
  /// How the issuer writes claims, if it deviates from the RFCs.
  package var profile = IssuerProfile()
  /// The back-end that is asked about tokens, if there is one.
  package var introspection: IntrospectionConfiguration?

  /// RS256, PS256, ES256, ES384 and EdDSA.
  package static let defaultAlgorithms: Set<Algorithm> = [.rs256, .ps256, .es256, .es384, .ed25519, .ed448]

  /// One of ``refreshSettings``.
  package subscript<Value>(dynamicMember path: WritableKeyPath<RefreshSettings, Value>) -> Value {
    get { refreshSettings[keyPath: path] }
    set { refreshSettings[keyPath: path] = newValue }
  }
}

extension IssuerConfiguration {
  /// An issuer with the defaults for all that is not given.
  package init(name: String, url: String = "", source: Source = .discovery) {
    self.init(name: name, url: url, source: source, refreshSettings: RefreshSettings { $0.renewal = source.renewal })
  }
}

extension IssuerConfiguration.Source {
  /// What makes keys from this source old.
  fileprivate var renewal: RefreshSettings.Renewal {
    if case .jwksFile = self { .fileChanges } else { .lifetime }
  }
}
