/// The bounds of what a fetch may cost.
package enum FetchLimits {
  /// Bytes of one response body; bounds what memory a hostile or broken provider can take (`protocol.md` section 7.2).
  package static let bodyBytes = 1_048_576
  /// Bytes of one file of certificates or of a private key; Debian's file of public authorities has a quarter of it.
  static let materialBytes = 1_048_576
  /// How long one fetch may take in all, discovery and key set together.
  package static let timeout = Duration.seconds(5)
  /// How long a discovery document's `jwks_uri` is used without reading the document again.
  ///
  /// Shorter than the default `refresh`, so that each regular refresh re-reads it and a provider's move is noticed at
  /// once, while a fetch for an unknown `kid` in between saves one round trip of its `key_wait`.
  package static let discoveryReuse = Duration.seconds(300)
  /// Addresses of a name that are tried in turn; a hostile name server may list thousands.
  static let addressesTried = 4
  /// Milliseconds that each address but the last is given to accept a connection.
  static let addressMilliseconds: Int64 = 1000
  /// Milliseconds that a connection is kept between the requests of one fetch.
  static let idleMilliseconds: Int64 = 2000
  /// Milliseconds that a server is given to end TLS after a fetch; nothing that it still sends is needed.
  static let closeMilliseconds: Int64 = 100
  /// How long the addresses of a back-end's name are used; after a failure to connect they are resolved again at once.
  static let nameReuse = Duration.seconds(30)
}
