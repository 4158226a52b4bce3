/// The request of RFC 7662 section 2.1.
package enum IntrospectionRequest {
  /// The form that asks about a token.
  ///
  /// Nothing but the token: a hint about its type tells a server nothing that it does not know, and `scope` makes Hydra
  /// call live tokens inactive.
  package static func form(token: [UInt8], _ credentials: ClientCredentials) -> [UInt8] {
    FormEncoding.form(
      [("token", token)] + credentials.formMembers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }
}
