import BearerClaims
import Testing

@testable import BearerIntrospection

/// What is an answer of a back-end, and what is none.
@Suite struct BackEndResponseTests {
  static let json = [(name: "Content-Type", value: "application/json")]

  static func outcome(
    _ kind: BackEndKind, status: Int = 200, fields: [(name: String, value: String)] = json, _ body: String,
    identity: TokenIdentity? = nil, retryAfter: Duration? = nil
  ) -> String {
    let response = BackEndResponse(
      status: status, fields: fields, body: Array(body.utf8), retryAfter: retryAfter, origin: "https://op.example")
    do throws(BackEndFault) {
      switch try response.tokenStatus(kind, agreeingWith: identity) {
      case .inactive: return "no"
      case .active(let token): return "yes \(String(decoding: token.claims.bytes, as: UTF8.self))"
      }
    } catch {
      #expect(!error.message.contains("SECRET"))
      return "\(error.code.rawValue): \(error.found)".replacing("https://op.example answered with ", with: "… ")
    }
  }

  // MARK: RFC 7662

  @Test(
    "answers of RFC 7662",
    arguments: [
      (#"{"active":true}"#, #"yes {"active":true}"#),
      (#"{"active":false}"#, "no"),
      (#"{"active":false,"exp":"yesterday","sub":7}"#, "no"),
      (#"{"active":true,"aud":"a","scope":"","exp":1.7e9,"nbf":1.0,"unknown":[{}]}"#, "yes"),
      (#"{"active":true,"aud":["a","b"],"scope":["a"],"token_type":"Bearer","sub":null}"#, "yes"),
      (#"{"active":"true"}"#, "bad_answer: … an active that is a string and no boolean"),
      (#"{"active":"false"}"#, "bad_answer: … an active that is a string and no boolean"),
      (#"{"active":1}"#, "bad_answer: … an active that is a number and no boolean"),
      (#"{"active":null}"#, "bad_answer: … an active that is null and no boolean"),
      (#"{"active":[true]}"#, "bad_answer: … an active that is a list and no boolean"),
      (#"{"sub":"SECRET"}"#, "bad_answer: … an object that has no active"),
      (#"{"active":false,"active":true}"#, "not_json: … JSON that has a member twice"),
      (#"{"active":true,"\u0061ctive":true}"#, "not_json: … JSON that has a member twice"),
      (#"{"active":true"#, "not_json: … what is not JSON"),
      ("", "not_json: … what is not JSON"),
      ("[true]", "bad_answer: … JSON that is no object"),
      (#"{"active":true,"exp":"1700000000"}"#, "bad_answer: … exp as a string"),
      (#"{"active":true,"iat":true}"#, "bad_answer: … iat as a boolean"),
      (#"{"active":true,"exp":1700000000000}"#, "bad_answer: … exp that is no time in seconds"),
      (#"{"active":true,"nbf":-1}"#, "bad_answer: … nbf that is no time in seconds"),
      (#"{"active":true,"sub":7}"#, "bad_answer: … sub as a number"),
      (#"{"active":true,"aud":{}}"#, "bad_answer: … aud as an object"),
      (#"{"active":true,"aud":["a",1]}"#, "bad_answer: … aud as a list that is not one of strings"),
      (#"{"active":true,"cnf":"SECRET"}"#, "bad_answer: … cnf as a string"),
      ("<html>", "not_json: … what is not JSON"),
    ])
  func introspected(body: String, expected: String) {
    let outcome = Self.outcome(.rfc7662, body)
    #expect(expected == "yes" ? outcome == "yes \(body)" : outcome == expected)
  }

  @Test(
    "media types",
    arguments: [
      ("application/json", "no"), ("Application/JSON; charset=utf-8", "no"), ("application/scim+json", "no"),
      ("text/html", "wrong_media_type: … a web page in place of application/json"),
      ("text/json", "wrong_media_type: … something in place of application/json"),
      ("", "wrong_media_type: … something in place of application/json"),
      (
        "application/token-introspection+jwt",
        "bad_answer: … a signed answer (a JWT), which was not asked for"
      ),
      (
        "application/jwt",
        "bad_answer: … a signed answer (a JWT), which was not asked for"
      ),
    ])
  func mediaTypes(type: String, expected: String) {
    #expect(Self.outcome(.rfc7662, fields: [("content-type", type)], #"{"active":false}"#) == expected)
  }

  @Test("no media type, and two")
  func mediaTypeCount() {
    #expect(
      Self.outcome(.rfc7662, fields: [], #"{"active":false}"#)
        == "wrong_media_type: https://op.example answered without a Content-Type")
    #expect(
      Self.outcome(.rfc7662, fields: Self.json + Self.json, #"{"active":false}"#)
        == "wrong_media_type: … more than one Content-Type")
  }

  @Test("64 KiB are read, and not a byte more")
  func size() {
    let filler = String(repeating: " ", count: BackEndLimits.answerBytes - 16)
    #expect(Self.outcome(.rfc7662, #"{"active":false}"# + filler) == "no")
    #expect(
      Self.outcome(.rfc7662, #"{"active":false}"# + filler + " ")
        == "answer_too_large: … more than 65536 bytes")
  }

  @Test(
    "statuses of RFC 7662 endpoints: none of them is a no",
    arguments: [
      (201, "http_status"), (204, "http_status"), (302, "redirect_refused"), (307, "redirect_refused"),
      (400, "http_status"), (401, "credentials_refused"), (403, "credentials_refused"), (404, "http_status"),
      (429, "limited"), (500, "http_status"), (502, "http_status"), (503, "http_status"),
    ])
  func statuses(status: Int, code: String) {
    #expect(Self.outcome(.rfc7662, status: status, #"{"active":false}"#).hasPrefix(code + ": "))
  }

  @Test(
    "400 is about the asker if it says so (RFC 6749 section 5.2), and else about the request",
    arguments: [
      (#"{"error":"invalid_client"}"#, "credentials_refused"),
      (#"{"error":"unauthorized_client","error_description":"SECRET"}"#, "credentials_refused"),
      (#"{"error":"invalid_request"}"#, "http_status"), (#"{"error":["invalid_client"]}"#, "http_status"),
      (#"{"error":"invalid_client","error":"x"}"#, "http_status"), ("invalid_client", "http_status"),
    ])
  func refusedAsker(body: String, code: String) {
    #expect(Self.outcome(.rfc7662, status: 400, body).hasPrefix(code + ": "))
    #expect(Self.outcome(.rfc7662, status: 400, fields: [], body).hasPrefix("http_status: "))
  }

  @Test("503 with Retry-After asks to be left alone")
  func unavailable() {
    #expect(Self.outcome(.rfc7662, status: 503, "", retryAfter: .seconds(3)).hasPrefix("limited: "))
  }

  @Test("a message is sentences, and an address at the beginning stays as it is")
  func message() {
    #expect(
      BackEndFault(.httpStatus, found: "https://op.example answered status 404", advice: "check endpoint").message
        == "https://op.example answered status 404. Check endpoint.")
    #expect(BackEndFault(.noEndpoint, found: "the document has none").message == "The document has none.")
  }

  // MARK: Another token's answer

  @Test(
    "a JWT's answer that differs in what both have is another token's",
    arguments: [
      (#"{"active":true,"sub":"u","client_id":"c","exp":1700000000}"#, nil),
      (#"{"active":true,"exp":1.7e9,"aud":"x","azp":"another name than client_id"}"#, nil),
      (#"{"active":true,"sub":"v"}"#, "sub"), (#"{"active":true,"client_id":"d"}"#, "client_id"),
      (#"{"active":true,"exp":1700000001}"#, "exp"), (#"{"active":true,"iss":"https://other.example"}"#, "iss"),
      (#"{"active":true,"jti":"2"}"#, "jti"), (#"{"active":true,"sub":null,"jti":null}"#, nil),
    ])
  func anotherToken(body: String, member: String?) {
    let jwt = BackEndDriver.claims(
      #"{"iss":"https://op.example","sub":"u","client_id":"c","jti":"1","exp":1700000000}"#)
    let outcome = Self.outcome(.rfc7662, body, identity: TokenIdentity(ofJWT: jwt))
    #expect(
      outcome
        == (member.map {
          "another_token: https://op.example answered about another token than was asked about: \($0) differs"
        } ?? "yes \(body)"))
  }

  @Test("an answer with the asker's own client_id says nothing of the token's, and the rest of it counts")
  func askersClientID() throws {
    let jwt = BackEndDriver.claims(#"{"sub":"u","client_id":"c"}"#)
    func difference(_ answer: String, askedAs asker: String) -> String? {
      TokenIdentity(ofJWT: jwt).difference(from: ActiveToken(BackEndDriver.claims(answer)), askedAs: asker)
    }
    #expect(difference(#"{"client_id":"bearerd","sub":"u"}"#, askedAs: "bearerd") == nil)
    #expect(difference(#"{"client_id":"bearerd","sub":"v"}"#, askedAs: "bearerd") == "sub")
    #expect(difference(#"{"client_id":"d"}"#, askedAs: "bearerd") == "client_id")
    #expect(difference(#"{"client_id":""}"#, askedAs: "") == "client_id")
  }

  // MARK: Userinfo

  @Test("userinfo decides by status, whatever word the error has")
  func userinfo() {
    #expect(Self.outcome(.userinfo, #"{"sub":"u","name":"n"}"#) == #"yes {"sub":"u","name":"n"}"#)
    #expect(Self.outcome(.userinfo, status: 401, #"{"error":"invalid_grant"}"#) == "no")
    #expect(Self.outcome(.userinfo, #"{"sub":""}"#).hasPrefix("bad_answer: "))
    #expect(Self.outcome(.userinfo, #"{"name":"n"}"#).hasPrefix("bad_answer: "))
    #expect(Self.outcome(.userinfo, status: 403, "").hasPrefix("http_status: "))
    #expect(Self.outcome(.userinfo, status: 500, "").hasPrefix("http_status: "))
    let redirect = BackEndResponse(status: 307, fields: [], body: [], origin: "https://op.example")
    do throws(BackEndFault) {
      _ = try redirect.tokenStatus(.userinfo, agreeingWith: nil)
      Issue.record("followed")
    } catch {
      #expect(error.code == .redirectRefused && error.message.contains("X-Forwarded-Proto"))
    }
  }

  // MARK: The resolver

  static func resolver(_ fields: [(name: String, value: String)], status: Int = 200) -> String {
    outcome(.authgearResolver, status: status, fields: fields, "")
  }

  @Test("the resolver's three verdicts: yes, no, and no credential seen, which is a fault")
  func verdicts() {
    #expect(Self.resolver([("X-Authgear-Session-Valid", "true"), ("x-authgear-user-id", "u")]) == #"yes {"sub":"u"}"#)
    #expect(Self.resolver([("x-authgear-session-valid", "false"), ("Set-Cookie", "session=")]) == "no")
    #expect(
      Self.resolver([])
        == "bad_answer: … no x-authgear-session-valid: it saw no credential, or is no resolver")
    #expect(Self.resolver([("x-authgear-session-valid", "TRUE")]).hasPrefix("bad_answer: "))
    #expect(Self.resolver([("x-authgear-session-valid", "true")]).hasPrefix("bad_answer: "))
    #expect(
      Self.resolver([("x-authgear-session-valid", "true"), ("x-authgear-user-id", "")]).hasPrefix("bad_answer: "))
    #expect(Self.resolver([("x-authgear-session-valid", "false")], status: 404).hasPrefix("http_status: "))
    for status in [401, 403, 500] {
      #expect(
        Self.resolver([("x-authgear-session-valid", "false")], status: status)
          == "http_status: https://op.example answered status \(status) in place of 200")
    }
  }

  @Test("a doubled field is a bad answer, whatever it says")
  func doubled() {
    let yes = [(name: "x-authgear-session-valid", value: "true"), (name: "x-authgear-user-id", value: "u")]
    for field in [yes[0], yes[1], ("X-Authgear-User-Id", "v"), ("X-AUTHGEAR-SESSION-VALID", "false")] {
      #expect(Self.resolver(yes + [field]) == "bad_answer: … a doubled field x-authgear-…")
    }
    #expect(Self.resolver([("x-authgear-session-valid", "true, true"), yes[1]]).hasPrefix("bad_answer: "))
  }

  private static let sessionClaims =
    #"{"sub":"u\"1","https://authgear.com/claims/user/is_anonymous":false,"#
    + #""https://authgear.com/claims/user/is_verified":true,"https://authgear.com/claims/user/can_reauthenticate":true,"#
    + #""https://authgear.com/claims/user/roles":["a","b"],"amr":["pwd","mfa"],"auth_time":1700000000}"#

  @Test("the session's fields become the claims of Authgear's own JWTs")
  func session() {
    #expect(
      Self.resolver([
        ("x-authgear-session-valid", "true"), ("x-authgear-user-id", "u\"1"), ("x-authgear-user-anonymous", "false"),
        ("x-authgear-user-verified", "true"), ("x-authgear-user-can-reauthenticate", "true"),
        ("x-authgear-user-roles", "a,b"), ("x-authgear-session-amr", "pwd mfa"),
        ("x-authgear-session-authenticated-at", "1700000000"),
      ])
        == "yes \(Self.sessionClaims)"
    )
    #expect(
      Self.resolver([
        ("x-authgear-session-valid", "true"), ("x-authgear-user-id", "u"), ("x-authgear-session-amr", ""),
      ]) == #"yes {"sub":"u","amr":[]}"#)
    for field in [
      ("x-authgear-user-verified", "yes"), ("x-authgear-session-authenticated-at", "soon"),
      ("x-authgear-session-authenticated-at", "+1700000000"),
    ] {
      #expect(
        Self.resolver([("x-authgear-session-valid", "true"), ("x-authgear-user-id", "u"), field])
          .hasPrefix("bad_answer: "))
    }
  }
}
