import BearerClaims
import BearerJSON

/// What a back-end answered over HTTP.
package struct BackEndResponse: Sendable {
  /// The status.
  package var status: Int
  /// The header fields in their order; each as often as it came.
  package var fields: [(name: String, value: String)]
  /// The body; only read if it may be an answer or a refusal of the credentials.
  package var body: [UInt8]
  /// What the field `Retry-After` says.
  package var retryAfter: Duration?
  /// Where it came from, for messages.
  package var origin: String

  /// A response.
  package init(
    status: Int, fields: [(name: String, value: String)], body: [UInt8], retryAfter: Duration? = nil, origin: String
  ) {
    self.status = status
    self.fields = fields
    self.body = body
    self.retryAfter = retryAfter
    self.origin = origin
  }

  /// The values of a field, whatever its name's case.
  func values(of name: String) -> [String] {
    fields.filter { $0.name.lowercased().hasSameBytes(as: name) }.map(\.value)
  }

  /// What the answer says of a token.
  ///
  /// - Parameters:
  ///   - kind: The kind of back-end that it came from.
  ///   - identity: What the answer must agree with.
  ///   - askerID: The name of this daemon's own client.
  /// - Returns: Yes with what is known, or no.
  /// - Throws: `BackEndFault` if it is not an answer, or is about another token.
  package func tokenStatus(
    _ kind: BackEndKind, agreeingWith identity: TokenIdentity?, askedAs askerID: String = ""
  ) throws(BackEndFault) -> TokenStatus {
    let status =
      switch kind {
      case .rfc7662: try introspected()
      case .authgearResolver: try resolved()
      case .userinfo: try userinfo()
      }
    if case .active(let token) = status, let name = identity?.difference(from: token, askedAs: askerID) {
      throw BackEndFault(
        .anotherToken, found: "\(origin) answered about another token than was asked about: \(name) differs",
        advice: "look for a proxy or balancer that mixes up answers")
    }
    return status
  }

  // MARK: Statuses

  /// The fault of a status that is not an answer.
  func statusFault(advice: String? = nil) -> BackEndFault {
    switch status {
    case 300..<400:
      BackEndFault(
        .redirectRefused, found: "\(origin) answered with a redirect (status \(status)); tokens do not follow it",
        advice: advice ?? "give endpoint the address that answers itself")
    case _ where refusesAsker:
      BackEndFault(
        .credentialsRefused, found: "\(origin) does not accept bearerd's own credentials (status \(status))",
        advice: advice)
    case 429:
      BackEndFault(
        .limited, found: "\(origin) says that it is asked too often (status 429)",
        advice: "lengthen cache and recheck, or lower calls_per_second", retryAfter: retryAfter ?? .seconds(1))
    case 503:
      BackEndFault(
        retryAfter == nil ? .httpStatus : .limited, found: "\(origin) is unavailable (status 503)",
        advice: "look into the provider's log", retryAfter: retryAfter)
    default:
      BackEndFault(
        .httpStatus, found: "\(origin) answered status \(status) in place of 200",
        advice: advice ?? (status < 500 ? "check endpoint and kind" : "look into the provider's log"))
    }
  }

  /// Whether the status, or its error, refuses this daemon's credentials and not the token.
  ///
  /// A client that shows its secret in the form may be refused with 400 (RFC 6749 section 5.2).
  private var refusesAsker: Bool {
    if status == 401 || status == 403 { return true }
    // A body that is not an object says nothing about the credentials.
    guard status == 400, let answer = try? object() else { return false }
    let bytes = answer.bytes
    guard let error = answer.tape.value(of: "error", bytes.span) else { return false }
    return answer.tape.string(error, equals: "invalid_client", bytes.span)
      || answer.tape.string(error, equals: "unauthorized_client", bytes.span)
  }

  // MARK: JSON

  /// The body as an object whose text is as strict as a token's.
  func object() throws(BackEndFault) -> ClaimSet {
    try checkMediaType()
    guard body.count <= BackEndLimits.answerBytes else {
      throw BackEndFault(
        .answerTooLarge, found: "\(origin) answered with more than \(BackEndLimits.answerBytes) bytes",
        advice: "check endpoint")
    }
    var claims = ClaimSet()
    claims.bytes = body
    do throws(JSONError) {
      try claims.parse()
    } catch {
      throw BackEndFault(
        .notJSON,
        found: error.kind == .duplicateMember
          ? "\(origin) answered with JSON that has a member twice" : "\(origin) answered with what is not JSON",
        advice: "check endpoint, and the provider's log")
    }
    guard claims.isObject else { throw badAnswer("JSON that is no object") }
    return claims
  }

  func badAnswer(_ what: String, advice: String? = "check endpoint and kind") -> BackEndFault {
    BackEndFault(.badAnswer, found: "\(origin) answered with \(what)", advice: advice)
  }

  private func checkMediaType() throws(BackEndFault) {
    let values = values(of: "content-type")
    let type = values.first?.split(separator: ";", omittingEmptySubsequences: false).first?
      .lowercased().filter { $0 != " " && $0 != "\t" }
    guard values.count == 1, let type else {
      throw BackEndFault(
        .wrongMediaType,
        found: "\(origin) answered \(values.isEmpty ? "without a" : "with more than one") Content-Type",
        advice: "check endpoint")
    }
    if type == "application/json" || type.hasPrefix("application/") && type.hasSuffix("+json") { return }
    if type == "application/jwt" || type.hasSuffix("+jwt") {
      throw badAnswer(
        "a signed answer (a JWT), which was not asked for", advice: "have the provider answer this client in JSON")
    }
    throw BackEndFault(
      .wrongMediaType,
      found: "\(origin) answered with \(type == "text/html" ? "a web page" : "something") in place of application/json",
      advice: "check endpoint")
  }
}
