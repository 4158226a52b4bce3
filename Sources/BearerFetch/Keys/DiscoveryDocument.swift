import BearerAddress
import BearerJOSE
import BearerJSON
import BearerKeys

/// What is taken from a discovery document: its issuer, and where the keys are (OpenID Connect Discovery 1.0 section 3,
/// RFC 8414 section 2).
///
/// Nothing else is taken: the operator chooses the algorithms, and some providers list `none` among them.
struct DiscoveryDocument: Equatable, Sendable {
  /// The document's `issuer`, equal to the configured one.
  var issuer: String
  /// The document's `jwks_uri`.
  var keysAddress: WebAddress

  /// The two places where an issuer's document may be.
  enum Place: Sendable {
    /// Behind the issuer's path (OpenID Connect Discovery 1.0 section 4).
    case openID
    /// Before the issuer's path (RFC 8414 section 3): a server of OAuth 2.0 that knows no OpenID Connect.
    case oauth
  }

  /// The url with `common` in place of the tenant, which leads to the provider's document for all tenants.
  static func ofAllTenants(_ url: String) -> String { url.replacing(IssuerName.placeholder, with: "common") }

  /// An issuer's url without a slash at its end, to which paths are appended.
  static func base(of url: String) -> String {
    url.utf8.last == UInt8(ascii: "/") ? String(decoding: url.utf8.dropLast(), as: UTF8.self) : url
  }

  /// Where the document of an issuer is; a slash at the end of its url does not count.
  ///
  /// - Throws: `invalid_url` if the issuer is not a URL that may be fetched.
  static func address(ofIssuer url: String, at place: Place = .openID) throws(FetchFault) -> WebAddress {
    let url = ofAllTenants(url)
    let address: WebAddress
    do throws(AddressFault) {
      let base = base(of: url)
      switch place {
      case .openID: address = try WebAddress(parsing: base + "/.well-known/openid-configuration")
      case .oauth:
        let issuer = try WebAddress(parsing: base)
        address = try WebAddress(
          parsing: issuer.origin + "/.well-known/oauth-authorization-server"
            + (issuer.target == "/" ? "" : issuer.target))
      }
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

  /// Reads an issuer's document: that of OpenID Connect; where there is none, that of RFC 8414.
  ///
  /// - Parameters:
  ///   - url: The issuer's url.
  ///   - remedy: What to give in the configuration if the provider has neither.
  ///   - read: Asks at an address and reads the answer.
  /// - Returns: What `read` returns.
  /// - Throws: What `read` throws; if both places fail, a fault that names both.
  static func first<Read>(
    ofIssuer url: String, orElse remedy: String, read: (WebAddress) async throws(FetchFault) -> Read
  ) async throws(FetchFault) -> Read {
    let missing: FetchFault
    do throws(FetchFault) {
      return try await read(try address(ofIssuer: url, at: .openID))
    } catch {
      guard error.status == 404 else { throw error }
      missing = error
    }
    do throws(FetchFault) {
      return try await read(try address(ofIssuer: url, at: .oauth))
    } catch {
      if error.code.isDiscoveryStatement { throw error }
      var fault = FetchFault(
        .httpStatus, found: "\(missing.found), and then \(error.found)",
        advice: "check the url, which is what tokens have as iss, often with a path; if the provider has no discovery, "
          + "give \(remedy)")
      fault.status = missing.status
      fault.retryAfter = error.retryAfter ?? missing.retryAfter
      throw fault
    }
  }

  /// Reads a document and checks issuer and `jwks_uri`.
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
    // Blanks at the ends mean nothing, and a fragment is not sent to the server (RFC 3986 section 3.5).
    let place = String(decoding: text.utf8.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self).trimmingBlanks
    let origin = "the discovery document's jwks_uri"
    keysAddress = try DiscoveryDocument.keysAddress(place, origin: origin, advice: Self.keysAddressAdvice)
    // A remote provider must not make this daemon probe its own host's ports; `status` would show which are open.
    guard keysAddress.scheme == .https || answer.address.isLoopback else {
      throw FetchFault(
        .jwksURIRefused, found: "\(origin) is plain http to this host, the issuer is elsewhere",
        advice: Self.keysAddressAdvice)
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
      document = try JSONValue(parsing: answer.body, allowsDuplicates: true)
    } catch {
      throw JSONFault.failure(
        error, body: answer.body, origin: answer.address.shown, answer: answer, what: "a discovery document")
    }
    // A duplicate of an unused member does no harm; these members decide whom to trust.
    for name in usedMembers
    where (document.objectValue?.members.count { $0.name.hasSameBytes(as: name) } ?? 0) > 1 {
      throw FetchFault(
        .notJSON, found: "\(answer.address.shown) has two members named \(name)",
        advice: "have the provider mend it; which of the two counts is anyone's guess, so neither does")
    }
    guard document.objectValue != nil, let found = document["issuer"]?.stringValue else {
      throw FetchFault(
        .notDiscovery, found: "\(answer.address.shown) is JSON, but no discovery document: it names no issuer",
        advice: "check the url; if it is right, give the address of the provider's keys as jwks_uri")
    }
    guard found.hasSameBytes(as: issuer) else {
      throw FetchFault(
        .issuerMismatch,
        found:
          "the discovery document is of issuer \(ShownText.quoted(found)), configured is \(ShownText.quoted(issuer))",
        advice: Self.advice(found: found, configured: issuer))
    }
    return document
  }

  /// Every member that is used.
  private static let usedMembers = ["issuer", "jwks_uri", "introspection_endpoint", "userinfo_endpoint"]

  /// What to do about a document whose `jwks_uri` is refused.
  private static let keysAddressAdvice =
    "have the provider publish a whole https address, which behind a proxy it may not know; or give jwks_uri in the "
    + "configuration"

  /// Checks an address of a key set.
  ///
  /// - Parameters:
  ///   - text: The address.
  ///   - origin: Where the address was found, for messages.
  ///   - advice: What to do if it is refused.
  /// - Returns: The address.
  /// - Throws: `jwks_uri_refused` unless it is https, or http on loopback.
  static func keysAddress(
    _ text: String, origin: String, advice: String = WebAddress.protectedAdvice
  ) throws(FetchFault) -> WebAddress {
    try WebAddress(protected: text, origin: origin) { FetchFault(.jwksURIRefused, found: $0, advice: advice) }
  }

  /// What to do about a document of another issuer.
  private static func advice(found: String, configured: String) -> String {
    if found.differsBySlash(from: configured) { return slashAdvice }
    if IssuerName.isTemplate(found) {
      return
        "that is the template of all tenants, and each token has its own tenant in it: write the template as url, with "
        + "preset = \"entra\", and the ids of the tenants that you accept as tenants"
    }
    return "write url exactly as the provider writes its issuer; that is what its tokens carry as iss"
  }

  /// What to do about an issuer that differs by the slash at its end.
  static let slashAdvice =
    "they differ by the slash at the end only: write url exactly as the provider writes its issuer"
}

extension FetchFault.Code {
  /// Whether the provider's document itself is at fault; then nothing of an earlier document holds any more.
  var isDiscoveryStatement: Bool {
    switch self {
    case .issuerMismatch, .noJWKSURI, .jwksURIRefused, .notDiscovery: true
    default: false
    }
  }
}
