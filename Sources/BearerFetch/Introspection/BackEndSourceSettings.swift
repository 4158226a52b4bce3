package import BearerIntrospection

/// How an issuer's back-end is asked: what its `[issuer.NAME.introspection]` table says of the network.
package struct BackEndSourceSettings: Equatable, Sendable {
  /// The kind of back-end.
  package var kind: BackEndKind
  /// Where it is; `nil` for what the issuer's discovery document says.
  package var endpoint: String?
  /// How this daemon shows who asks; of RFC 7662 only.
  package var authentication = ClientAuthentication.none
  /// The client's name.
  package var clientID = ""
  /// The file of the client's secret, or of the token of `bearer`.
  package var secretFile: String?
  /// How name and secret of `client_secret_basic` are written.
  package var basicEncoding = BasicEncoding.form
  /// How the issuer's servers are reached.
  package var connection: KeySourceSettings
  /// Calls at once, so that each finds a connection.
  package var concurrency = 32

  /// Settings with the defaults for all that is not given.
  package init(kind: BackEndKind, connection: KeySourceSettings) {
    self.kind = kind
    self.connection = connection
  }

  /// The files whose change makes a call another one.
  package var files: [String] {
    [secretFile, connection.caFile, connection.clientCertificateFile, connection.clientKeyFile].compactMap(\.self)
  }
}
