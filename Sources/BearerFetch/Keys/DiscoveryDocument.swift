import BearerAddress
import BearerJSON
import BearerKeys

/// What is taken from a discovery document: its issuer, and where the keys are (OpenID Connect Discovery 1.0 section 3).
///
/// Nothing else is: the algorithms that it lists hold `none` at some providers and are the operator's to choose.
struct DiscoveryDocument: Equatable, Sendable {
  /// The document's `issuer`, equal to the configured one.
  var issuer: String
  /// The document's `jwks_uri`.
  var keysAddress: WebAddress

  /// Where the document of an issuer is (OpenID Connect Discovery 1.0 section 4).
  ///
  /// - Throws: `invalid_url` if the issuer is not a URL that may be fetched.
  static func address(ofIssuer url: String) throws(FetchFault) -> WebAddress {
    let address: WebAddress
    do throws(AddressFault) {
      address = try WebAddress(
        parsing: (url.hasSuffix("/") ? String(url.dropLast()) : url) + "/.well-known/openid-configuration")
    } catch {
      throw FetchFault(
        .invalidURL, found: "the issuer's url \(error.reason)",
        advice: "write url as the provider's iss, or give jwks_uri or jwks_file beside it")
    }
    guard !url.contains("?") else {
      throw FetchFault(
        .invalidURL, found: "the issuer's url has a query",
        advice: "leave the query out, or give jwks_uri beside it; discovery knows no issuer with a query")
    }
    guard address.isProtected else {
      throw FetchFault(
        .invalidURL, found: "the issuer's url is plain http to \(ShownText.quoted(address.host))",
        advice: "use https; http is for loopback only (127.0.0.0/8, ::1, localhost)")
    }
    return address
  }

  /// Reads a document and checks what must hold for it.
  ///
  /// - Parameters:
  ///   - answer: The provider's answer.
  ///   - issuer: The configured issuer.
  /// - Throws: `not_json`, `not_a_discovery_document`, `issuer_mismatch`, `no_jwks_uri` or `jwks_uri_refused`.
  init(parsing answer: HTTPAnswer, issuer: String) throws(FetchFault) {
    let document = try DiscoveryDocument.document(in: answer, issuer: issuer)
    guard let text = document["jwks_uri"]?.stringValue else {
      throw FetchFault(
        .noJWKSURI, found: "the discovery document \(answer.address.shown) has no jwks_uri",
        advice: "give jwks_uri in the configuration if the provider has one")
    }
    keysAddress = try DiscoveryDocument.keysAddress(text, origin: "the discovery document's jwks_uri")
    // A provider elsewhere must not have this host's own ports asked, nor learn from `status` which of them are open.
    guard keysAddress.scheme == .https || answer.address.isLoopback else {
      throw FetchFault(
        .jwksURIRefused, found: "the discovery document's jwks_uri is plain http to this host, the issuer is elsewhere",
        advice: "have the provider publish an https address, or give jwks_uri in the configuration")
    }
    self.issuer = issuer
  }

  /// Reads a document, and checks that it is the issuer's.
  ///
  /// - Parameters:
  ///   - answer: The provider's answer.
  ///   - issuer: The configured issuer.
  /// - Returns: The document.
  /// - Throws: `not_json`, `not_a_discovery_document` or `issuer_mismatch`.
  static func document(in answer: HTTPAnswer, issuer: String) throws(FetchFault) -> JSONValue {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: answer.body)
    } catch {
      throw JSONFault.failure(
        error, body: answer.body, origin: answer.address.shown, answer: answer, what: "a discovery document")
    }
    guard document.objectValue != nil, let found = document["issuer"]?.stringValue else {
      throw FetchFault(
        .notDiscovery, found: "\(answer.address.shown) is JSON, but no discovery document: it names no issuer",
        advice: "check the url")
    }
    guard found.hasSameBytes(as: issuer) else {
      throw FetchFault(
        .issuerMismatch,
        found:
          "the discovery document is of issuer \(ShownText.quoted(found)), configured is \(ShownText.quoted(issuer))",
        advice: DiscoveryDocument.differsBySlash(found, issuer)
          ? DiscoveryDocument.slashAdvice
          : "write url exactly as the provider writes its issuer; that is what its tokens carry as iss")
    }
    return document
  }

  /// Checks an address of a key set.
  ///
  /// - Throws: `jwks_uri_refused` unless it is https, or http on loopback.
  static func keysAddress(_ text: String, origin: String) throws(FetchFault) -> WebAddress {
    let address: WebAddress
    do throws(AddressFault) {
      address = try WebAddress(parsing: text)
    } catch {
      throw FetchFault(
        .jwksURIRefused, found: "\(origin) \(error.reason)", advice: "it must be an absolute https URL")
    }
    guard address.isProtected else {
      throw FetchFault(
        .jwksURIRefused, found: "\(origin) is plain http to \(ShownText.quoted(address.host))",
        advice: "have the provider publish an https address; http is for loopback only")
    }
    return address
  }

  /// What to do about an issuer that differs by the slash at its end.
  static let slashAdvice =
    "they differ by the slash at the end only: write url exactly as the provider writes its issuer"

  /// Whether two issuers are the same but for one slash at the end.
  static func differsBySlash(_ first: String, _ second: String) -> Bool {
    (first + "/").hasSameBytes(as: second) || (second + "/").hasSameBytes(as: first)
  }
}
