import BearerDevIssuer
import BearerJSON

/// What the site says of tokens.
///
/// Anyone may ask: whoever reaches this address could read the keys as well.
extension IssuerSite {
  /// Answers a form that names a token (RFC 7662 section 2.1, RFC 7009 section 2.1).
  func answer(_ request: SiteRequest, _ make: (String) throws(DevIssuerError) -> SiteAnswer) -> SiteAnswer {
    guard request.method == "POST" else {
      return SiteAnswer(status: 405, headers: [("Allow", "POST")])
    }
    guard let token = Self.member("token", of: request.body) else {
      return SiteAnswer(status: 400, json: ["error": "invalid_request", "error_description": "there is no token"])
    }
    return answer { () throws(DevIssuerError) in try make(token) }
  }

  /// OpenID Connect Core 1.0 section 5.3, with the error that Authgear answers.
  func userinfo(_ request: SiteRequest) -> SiteAnswer {
    answer { () throws(DevIssuerError) in
      guard let token = Self.bearerToken(request), let claims = try issuer.claims(of: token) else {
        var answer = SiteAnswer(
          status: 401, json: ["error": "invalid_grant", "error_description": "invalid session"])
        answer.headers.append(
          ("WWW-Authenticate", #"Bearer error="invalid_grant", error_description="invalid session""#))
        return answer
      }
      let shown = claims.members.filter { $0.name == "sub" || $0.name.hasPrefix("https://authgear.com/claims/user/") }
      return SiteAnswer(json: .object(JSONObject(shown)))
    }
  }

  /// Authgear's resolver: a verdict in header fields, and none if it saw no credential.
  func resolve(_ request: SiteRequest) -> SiteAnswer {
    answer { () throws(DevIssuerError) in
      guard let token = Self.bearerToken(request) else { return SiteAnswer(status: 200) }
      guard let claims = try issuer.claims(of: token), let subject = claims["sub"]?.stringValue else {
        return SiteAnswer(headers: [("X-Authgear-Session-Valid", "false")])
      }
      var headers = [(name: "X-Authgear-Session-Valid", value: "true"), ("X-Authgear-User-Id", subject)]
      for (claim, field) in [
        ("is_anonymous", "Anonymous"), ("is_verified", "Verified"), ("can_reauthenticate", "Can-Reauthenticate"),
      ] {
        guard let flag = claims["https://authgear.com/claims/user/" + claim]?.boolValue else { continue }
        headers.append(("X-Authgear-User-" + field, flag ? "true" : "false"))
      }
      let methods = (claims["amr"]?.arrayValue ?? []).compactMap(\.stringValue)
      headers.append(("X-Authgear-Session-Amr", methods.joined(separator: " ")))
      if let time = claims["auth_time"]?.integerValue {
        headers.append(("X-Authgear-Session-Authenticated-At", String(time)))
      }
      let roles = (claims["https://authgear.com/claims/user/roles"]?.arrayValue ?? []).compactMap(\.stringValue)
      if !roles.isEmpty { headers.append(("X-Authgear-User-Roles", roles.joined(separator: ","))) }
      return SiteAnswer(headers: headers)
    }
  }

  private static func bearerToken(_ request: SiteRequest) -> String? {
    guard let words = request.authorization?.split(separator: " "), words.count == 2, words[0].lowercased() == "bearer"
    else { return nil }
    return String(words[1])
  }

  /// A member of a form, decoded.
  private static func member(_ name: String, of form: [UInt8]) -> String? {
    for pair in form.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, parts[0].elementsEqual(name.utf8) else { continue }
      var value: [UInt8] = []
      var rest = parts[1]
      while let byte = rest.popFirst() {
        let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        if byte == UInt8(ascii: "%"), digits.count == 2 {
          value.append(UInt8(digits[0] << 4 | digits[1]))
          rest = rest.dropFirst(2)
        } else {
          value.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
      }
      return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
    }
    return nil
  }
}
