package import BearerIntrospection

/// How an issuer's back-end is asked: what its `[issuer.NAME.introspection]` table says of the network.
package struct BackEndSourceSettings: Equatable, Sendable {
  /// The kind of back-end.
  package var kind: BackEndKind
  /// Where it is; `nil` for what the issuer's discovery document says.
  package var endpoint: String?
  /// How this daemon authenticates; RFC 7662 only.
  package var authentication = ClientAuthentication.none
  /// The `client_id` of this daemon.
  package var clientID = ""
  /// The file of the client's secret, or of the token of `bearer`.
  package var secretFile: String?
  /// How `client_secret_basic` encodes name and secret.
  package var basicEncoding = BasicEncoding.form
  /// How the issuer's servers are reached.
  package var connection: KeySourceSettings
  /// The most calls at once; each gets a connection.
  package var concurrency = 32

  /// Settings with the defaults for all that is not given.
  package init(kind: BackEndKind, connection: KeySourceSettings) {
    self.kind = kind
    self.connection = connection
  }

  /// The files that a call depends on; when one changes, all are read again.
  package var files: [String] {
    [secretFile, connection.caFile, connection.clientCertificateFile, connection.clientKeyFile].compactMap(\.self)
  }
}
