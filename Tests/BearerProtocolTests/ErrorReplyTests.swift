import BearerClaims
import BearerJSON
import BearerProtocol
import Testing

@Suite struct ErrorReplyTests {
  private func text(_ error: ErrorReply) -> String {
    var line: [UInt8] = []
    error.append(to: &line)
    return String(decoding: line, as: UTF8.self)
  }

  @Test("an error without details has code, category, message and status")
  func plain() {
    #expect(
      text(ErrorReply(.unknownOp, "There is no such op."))
        == #""ok":false,"error":{"code":"unknown_op","category":"request","message":"There is no such op.","status":500}"#
    )
  }

  @Test("every detail has its member")
  func details() {
    var error = ErrorReply(.keysUnavailable, "m")
    error.claim = "auth_time"
    error.member = "max_age"
    error.reason = "too_old"
    error.retryAfterMilliseconds = 1500
    error.challenge = Challenge(realm: "a \"b\"")
    #expect(
      text(error)
        == #""ok":false,"error":{"code":"keys_unavailable","category":"unavailable","claim":"auth_time","member":"max_age","reason":"too_old","message":"m","status":503,"retry_after_ms":1500,"www_authenticate":"Bearer realm=\"a \\\"b\\\"\""}"#
    )
  }

  @Test("a member's name from the line cannot leave its string")
  func escaping() throws {
    var error = ErrorReply(.invalidRequest, "line\none")
    error.member = "a\"},\"ok\":true,\"\u{0}\n"
    let object = try #require(JSONValue(parsing: Array("{\(text(error))}".utf8)).objectValue)
    #expect(object["ok"] == .bool(false))
    #expect(object["error"]?["member"] == .string("a\"},\"ok\":true,\"\u{0}\n"))
    #expect(!text(error).contains("\n"))
  }

  @Test("a reply begins with its id as it came, without one, or with null")
  func beginnings() {
    var line: [UInt8] = []
    line.beginReply(id: Array("\"\\u0061\"".utf8))
    line.endReply()
    line.beginReply(id: [])
    line.endReply()
    line.beginUnidentifiedReply()
    line.endReply()
    #expect(String(decoding: line, as: UTF8.self) == "{\"id\":\"\\u0061\",}\n{}\n{\"id\":null,}\n")
  }

  @Test(
    "codes have the categories and statuses of the protocol",
    arguments: ReplyCode.allCases)
  func categories(_ code: ReplyCode) {
    let expected: (ReplyCode.Category, Int) =
      switch code {
      case .request: (.request, 500)
      case .forbidden: (.forbidden, 500)
      case .token(.multipleCredentials): (.token, 400)
      case .token: (.token, 401)
      case .policy(.insufficientUserAuthentication): (.policy, 401)
      case .policy(.insufficientScope): (.policy, 403)
      case .unavailable: (.unavailable, 503)
      }
    #expect(code.category == expected.0)
    #expect(code.status == expected.1)
  }
}
