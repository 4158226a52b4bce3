import BearerDevIssuer
import BearerJSON

/// The issuer's web site: a function from a request to an answer.
struct IssuerSite: Sendable {
  let issuer: DevIssuer
  /// Where the site itself is: scheme, authority and path, without a final slash.
  let baseURL: String
  /// The path within `baseURL`.
  let basePath: String
  let cacheControl: String?
  let sendsETag: Bool

  /// The answer to a request, in full as for GET.
  func answer(_ request: SiteRequest) -> SiteAnswer {
    let (method, path, ifNoneMatch) = (request.method, request.path, request.ifNoneMatch)
    guard path.hasPrefix(basePath) else { return notFound }
    switch String(path.dropFirst(basePath.count)) {
    case DevIssuer.discoveryPath:
      guard method == "GET" || method == "HEAD" else { return methodNotAllowed }
      return json { () throws(DevIssuerError) in try issuer.discoveryDocument(baseURL: baseURL) }
    case DevIssuer.keySetPath:
      guard method == "GET" || method == "HEAD" else { return methodNotAllowed }
      return withCaching(json { () throws(DevIssuerError) in try issuer.keySet() }, ifNoneMatch: ifNoneMatch)
    case DevIssuer.introspectionPath:
      return answer(request) { token throws(DevIssuerError) in
        SiteAnswer(json: try issuer.introspect(token))
      }
    case DevIssuer.revocationPath:
      // RFC 7009 section 2.2: 200 whatever the token was.
      return answer(request) { token throws(DevIssuerError) in
        try issuer.keyStore.revoke(StoredTokenName(token))
        return SiteAnswer(status: 200)
      }
    case DevIssuer.userinfoPath: return userinfo(request)
    case DevIssuer.resolverPath:
      guard method == "GET" || method == "HEAD" else { return methodNotAllowed }
      return resolve(request)
    case "/oauth2/authorize", "/oauth2/token":
      return SiteAnswer(
        status: 501,
        json: ["error": "temporarily_unavailable", "error_description": "no login here: use bearerd-dev-issuer mint"])
    default:
      return notFound
    }
  }

  private func json(_ document: () throws(DevIssuerError) -> JSONValue) -> SiteAnswer {
    answer { () throws(DevIssuerError) in SiteAnswer(json: try document()) }
  }

  func answer(_ make: () throws(DevIssuerError) -> SiteAnswer) -> SiteAnswer {
    do {
      return try make()
    } catch {
      return SiteAnswer(status: 500, json: ["error": "server_error", "error_description": .string("\(error)")])
    }
  }

  private func withCaching(_ answer: SiteAnswer, ifNoneMatch: String?) -> SiteAnswer {
    guard answer.status == 200 else { return answer }
    var answer = answer
    if let cacheControl { answer.headers.append(("Cache-Control", cacheControl)) }
    if sendsETag {
      let tag = Self.entityTag(of: answer.body)
      answer.headers.append(("ETag", tag))
      if ifNoneMatch == tag {
        answer.status = 304
        answer.body = []
      }
    }
    return answer
  }

  /// A strong validator (RFC 9110 section 8.8.3): FNV-1a, which need not withstand anyone here.
  private static func entityTag(of body: [UInt8]) -> String {
    let hash = body.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    return "\"\(String(hash, radix: 16))\""
  }

  private var notFound: SiteAnswer {
    SiteAnswer(status: 404, json: ["error": "not_found"])
  }

  private var methodNotAllowed: SiteAnswer {
    var answer = SiteAnswer(status: 405, json: ["error": "method_not_allowed"])
    answer.headers.append(("Allow", "GET, HEAD"))
    return answer
  }
}
