import Testing

@testable import BearerIntrospection

/// What is sent to back-ends.
@Suite struct RequestTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(
    "the name and the secret are form-encoded before base64, as little as possible",
    arguments: [
      ("id", "secret", BasicEncoding.form, "Basic aWQ6c2VjcmV0"),
      // a-b_c.d~e:f
      ("a-b_c.d~e", "f", .form, "Basic YS1iX2MuZH5lOmY="),
      // 1%40p:x%3Ay%2B%20%25
      ("1@p", "x:y+ %", .form, "Basic MSU0MHA6eCUzQXklMkIlMjAlMjU="),
      // 1@p:x:y+ %
      ("1@p", "x:y+ %", .raw, "Basic MUBwOng6eSsgJQ=="),
    ])
  func basic(id: String, secret: String, encoding: BasicEncoding, expected: String) {
    let credentials = ClientCredentials(.secretBasic, clientID: id, secret: bytes(secret), encoding: encoding)
    #expect(credentials.authorization == expected)
    #expect(credentials.formMembers.isEmpty)
  }

  @Test("credentials are in the field or in the form, never in both (RFC 6749 section 2.3)")
  func others() {
    func sent(_ method: ClientAuthentication) -> String {
      let credentials = ClientCredentials(method, clientID: "a b", secret: bytes("s&"), encoding: .form)
      let form = IntrospectionRequest.form(token: bytes("t+/="), credentials)
      return "\(credentials.authorization ?? "-") \(String(decoding: form, as: UTF8.self))"
    }
    #expect(sent(.secretPost) == "- token=t%2B%2F%3D&client_id=a%20b&client_secret=s%26")
    #expect(sent(.tls) == "- token=t%2B%2F%3D&client_id=a%20b")
    #expect(sent(.bearer) == "Bearer s& token=t%2B%2F%3D")
    #expect(sent(.none) == "- token=t%2B%2F%3D")
  }

  @Test("who is refused is told what there is to check, and how special characters are written only where they are")
  func adviceIfRefused() {
    func advice(
      _ method: ClientAuthentication, id: String = "id", secret: String = "s+", _ encoding: BasicEncoding = .form
    ) -> String {
      ClientCredentials(method, clientID: id, secret: bytes(secret), encoding: encoding).adviceIfRefused
    }
    for (id, secret) in [("id", "s+"), ("i d", "s")] {
      #expect(advice(.secretBasic, id: id, secret: secret).hasSuffix("needs basic_encoding = \"raw\""))
    }
    let plain = "check client_id, client_auth and the secret, and that this client may introspect"
    for said in [advice(.secretBasic, .raw), advice(.secretBasic, secret: "s"), advice(.secretPost)] {
      #expect(said == plain)
    }
    #expect(advice(.bearer).contains("bearer_token_file"))
    #expect(advice(.tls).contains("client_certificate"))
    #expect(advice(.none).contains("set client_auth"))
  }

  @Test("base64 (RFC 4648 section 10)")
  func base64() {
    #expect(
      ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map { ClientCredentials.base64(bytes($0)) }
        == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"])
  }

  @Test(
    "only a b64token gets into a header field or a form",
    arguments: [
      ("abcXYZ019-._~+/", true), ("a=", true), ("a==", true), ("", false), ("=", false), ("a=b", false), ("a b", false),
      ("a\r\nX: y", false), ("a\0", false), ("ä", false), ("a\"", false), ("a,b", false), ("a%41", false),
    ])
  func tokens(text: String, isGood: Bool) {
    let token = bytes(text)
    #expect(OpaqueTokenText.isBearerToken(token.span) == isGood)
  }
}
