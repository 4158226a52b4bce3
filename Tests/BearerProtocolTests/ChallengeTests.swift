import BearerProtocol
import Testing

@Suite struct ChallengeTests {
  private func challenge(_ change: (inout Challenge) -> Void = { _ in }) -> String {
    var challenge = Challenge()
    change(&challenge)
    return challenge.headerValue
  }

  @Test("a challenge without attributes is the scheme alone")
  func bare() {
    #expect(challenge() == "Bearer")
    #expect(Challenge(realm: "api").headerValue == #"Bearer realm="api""#)
    #expect(
      Challenge(realm: "api", resourceMetadata: "https://api.example/.well-known/oauth-protected-resource").headerValue
        == #"Bearer realm="api", resource_metadata="https://api.example/.well-known/oauth-protected-resource""#)
  }

  @Test("every attribute stands once, in its order")
  func all() {
    let value = challenge {
      $0.realm = "api"
      $0.error = "insufficient_user_authentication"
      $0.errorDescription = "The user authenticated too long ago."
      $0.scopes = ["orders:read", "orders:write"]
      $0.maximumAge = 300
      $0.acrValues = ["urn:a", "urn:b"]
      $0.resourceMetadata = "https://api.example/meta"
    }
    #expect(
      value
        == #"Bearer realm="api", error="insufficient_user_authentication", error_description="The user authenticated too long ago.", scope="orders:read orders:write", max_age="300", acr_values="urn:a urn:b", resource_metadata="https://api.example/meta""#
    )
  }

  @Test("a combining accent hides no quotation mark")
  func combining() {
    #expect(
      challenge { $0.errorDescription = "a\"\u{301} b\\\u{301}" } == #"Bearer error_description="a'? b'?""#)
    #expect(challenge { $0.realm = "a\"\u{301}" } == #"Bearer realm="a\"?""#)
  }

  @Test("a quotation mark or backslash is escaped, and in a description replaced (RFC 6750 section 3)")
  func quoting() {
    #expect(challenge { $0.realm = #"a "b" \c"# } == #"Bearer realm="a \"b\" \\c""#)
    #expect(challenge { $0.errorDescription = #"a "b" \c"# } == #"Bearer error_description="a 'b' 'c""#)
  }

  @Test(
    "nothing can end the header's line or leave ASCII",
    arguments: ["a\r\nSet-Cookie: x", "a\u{0}b", "a\u{7F}b", "caf\u{E9}", "a\tb", "\u{2028}", "\u{1F600}"])
  func oneLine(_ text: String) {
    let value = challenge {
      $0.realm = text
      $0.errorDescription = text
      $0.scopes = [text]
      $0.acrValues = [text]
      $0.resourceMetadata = text
    }
    #expect(value.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    #expect(value.split(separator: "\"").count == 10)
  }

  @Test("a carriage return and a line feed are two characters to replace, not one")
  func scalars() {
    #expect(challenge { $0.realm = "a\r\nb" } == #"Bearer realm="a??b""#)
    #expect(challenge { $0.errorDescription = "a\"\u{301}b" }.utf8.allSatisfy { (0x20...0x7E).contains($0) })
  }
}
