import BearerAddress
import BearerIntrospection
import BearerJSON
import BearerKeys

/// Finds the address of a back-end.
enum BackEndEndpoint {
  /// The path of Authgear's resolver below its project's address.
  static let resolverPath = "/_resolver/resolve"

  /// The member of a discovery document that names the back-end (RFC 8414 section 2, OpenID Connect Discovery 1.0
  /// section 3).
  static func member(of kind: BackEndKind) -> String {
    switch kind {
    case .userinfo: "userinfo_endpoint"
    // Not used for Authgear's resolver, whose path is fixed.
    case .rfc7662, .authgearResolver: "introspection_endpoint"
    }
  }

  /// An address that tokens may be sent to.
  ///
  /// - Parameters:
  ///   - text: The address.
  ///   - origin: Where the address was found, for messages.
  ///   - advice: What to do if it is refused.
  /// - Returns: The address.
  /// - Throws: `no_endpoint` unless it is https, or http on loopback.
  static func address(
    _ text: String, origin: String, advice: String = WebAddress.protectedAdvice
  ) throws(BackEndFault) -> WebAddress {
    try WebAddress(protected: text, origin: origin) { BackEndFault(.noEndpoint, found: $0, advice: advice) }
  }

  /// The address that a discovery document names.
  ///
  /// - Parameters:
  ///   - document: The document, which is the issuer's.
  ///   - place: Where it is, for messages.
  ///   - kind: The kind of back-end that is wanted.
  ///   - issuer: The issuer's url.
  /// - Returns: The address.
  /// - Throws: `no_endpoint` if it names none, or one on another server than the issuer's: otherwise somebody who can
  ///   change the document would get every token.
  static func discovered(
    in document: JSONValue, at place: WebAddress, _ kind: BackEndKind, issuer: String
  ) throws(BackEndFault) -> WebAddress {
    let member = member(of: kind)
    guard let text = document[member]?.stringValue else {
      throw BackEndFault(
        .noEndpoint, found: "the discovery document \(place.shown) has no \(member)",
        advice: "give endpoint in the issuer's introspection table, if the provider has one")
    }
    let address = try address(
      text, origin: "the discovery document's \(member)",
      advice:
        "have the provider publish a whole https address, which behind a proxy it may not know; or give endpoint in "
        + "the issuer's introspection table")
    // An issuer that is no address has no authority to compare with.
    guard (try? WebAddress(parsing: issuer))?.hasSameOrigin(as: address) == true else {
      throw BackEndFault(
        .noEndpoint,
        found: "the discovery document's \(member) is at \(address.origin), which is not the issuer's own authority",
        advice: "give endpoint in the issuer's introspection table if tokens may be sent there")
    }
    return address
  }
}
