import BearerAddress
import BearerIntrospection
import BearerJSON
import BearerKeys

/// Where a back-end is.
enum BackEndEndpoint {
  /// Where Authgear's resolver is below its project's address.
  static let resolverPath = "/_resolver/resolve"

  /// The member of a discovery document that names it (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3).
  static func member(of kind: BackEndKind) -> String {
    kind == .userinfo ? "userinfo_endpoint" : "introspection_endpoint"
  }

  /// An address that tokens may be sent to.
  ///
  /// - Throws: `no_endpoint` unless it is https, or http on loopback.
  static func address(_ text: String, origin: String) throws(BackEndFault) -> WebAddress {
    let address: WebAddress
    do throws(AddressFault) {
      address = try WebAddress(parsing: text)
    } catch {
      throw BackEndFault(.noEndpoint, found: "\(origin) \(error.reason)", advice: "it must be an absolute https URL")
    }
    guard address.isProtected else {
      throw BackEndFault(
        .noEndpoint, found: "\(origin) is plain http to \(ShownText.quoted(address.host))",
        advice: "tokens travel by https; http is for loopback only")
    }
    return address
  }

  /// The address that a discovery document names.
  ///
  /// - Throws: `no_endpoint` if it names none, or one of another server than the issuer's own: who could change the
  ///   document would be sent every token.
  static func discovered(
    in answer: HTTPAnswer, _ kind: BackEndKind, issuer: String
  ) throws(BackEndFault) -> WebAddress {
    let document: JSONValue
    do throws(FetchFault) {
      document = try DiscoveryDocument.document(in: answer, issuer: issuer)
    } catch {
      throw BackEndFault(.noEndpoint, found: error.found, advice: error.advice)
    }
    let member = member(of: kind)
    guard let text = document[member]?.stringValue else {
      throw BackEndFault(
        .noEndpoint, found: "the discovery document \(answer.address.shown) has no \(member)",
        advice: "give endpoint in the issuer's introspection table, if the provider has one")
    }
    let address = try address(text, origin: "the discovery document's \(member)")
    // An issuer that is no address has no authority that anything could be on.
    guard (try? WebAddress(parsing: issuer))?.hasSameOrigin(as: address) == true else {
      throw BackEndFault(
        .noEndpoint,
        found: "the discovery document's \(member) is at \(address.origin), which is not the issuer's own authority",
        advice: "give endpoint in the issuer's introspection table if tokens may be sent there")
    }
    return address
  }
}
