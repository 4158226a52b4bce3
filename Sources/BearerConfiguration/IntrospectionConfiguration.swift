package import BearerIntrospection

/// How an issuer's back-end is asked about tokens; an `[issuer.NAME.introspection]` table of the configuration.
package struct IntrospectionConfiguration: Equatable, Sendable {
  /// The kind of back-end.
  package var kind = BackEndKind.rfc7662
  /// The back-end's address; `nil` for the one that discovery gives, or the resolver's usual one.
  package var endpoint: String?
  /// The name of this daemon as a client.
  package var clientID: String?
  /// How this daemon authenticates itself.
  package var authentication = ClientAuthentication.secretBasic
  /// How name and secret of `client_secret_basic` are written.
  package var basicEncoding = BasicEncoding.form
  /// The file of the client's secret: an absolute path, or the name of a credential of the service.
  package var clientSecretFile: String?
  /// The file of the token of ``ClientAuthentication/bearer``: as ``clientSecretFile``.
  package var bearerTokenFile: String?
  /// The audiences that the operator assumes for all tokens of the issuer.
  package var assumedAudiences: [String]?
  /// How it may be asked, and how long its answers count.
  package var settings = BackEndSettings()

  /// The defaults for all that is not given.
  package init() {}

  /// The file of the secret, or of the token, that the authentication needs.
  package var secretFile: String? { authentication == .bearer ? bearerTokenFile : clientSecretFile }

  /// The configuration key of ``secretFile``.
  package var secretFileKey: String { authentication.secretFileKey }
}
