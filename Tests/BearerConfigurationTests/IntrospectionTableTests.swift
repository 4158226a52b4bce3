import BearerClaims
import BearerIntrospection
import Testing

@testable import BearerConfiguration

/// `[issuer.NAME.introspection]`, and what policies ask of it.
@Suite struct IntrospectionTableTests {
  /// A file with one issuer and its back-end.
  private func text(
    _ table: String, policy: String = "opaque = true", audiences: String = #"audiences = ["api"]"#, issuer: String = ""
  ) -> String {
    """
    [issuer.a]
    url = "https://a.example"
    \(issuer)
    [issuer.a.introspection]
    \(table)
    [policy.default]
    \(audiences)
    \(policy)
    """
  }

  private static let plain = "kind = \"rfc7662\"\nclient_auth = \"none\""

  @Test("the file of what is shown, and the key that names it")
  func secretFile() throws {
    let files = try [
      "client_id = \"b\"\nclient_secret_file = \"/s\"", "bearer_token_file = \"/t\"\nclient_auth = \"bearer\"",
    ].map { lines in
      let introspection = try configuration(text("kind = \"rfc7662\"\n" + lines)).issuers[0].introspection
      return "\(introspection?.secretFileKey ?? "") \(introspection?.secretFile ?? "")"
    }
    #expect(files == ["client_secret_file /s", "bearer_token_file /t"])
  }

  @Test("every kind of client authentication, with what belongs to it")
  func accepted() throws {
    let tables = [
      "kind = \"rfc7662\"\nclient_id = \"b\"\nclient_secret_file = \"/s\"\nbasic_encoding = \"raw\"",
      "kind = \"rfc7662\"\nclient_id = \"b\"\nclient_secret_file = \"secret\"\nclient_auth = \"client_secret_post\"",
      "kind = \"rfc7662\"\nbearer_token_file = \"/t\"\nclient_auth = \"bearer\"", Self.plain,
    ]
    for table in tables { #expect(faults(text(table)) == "") }
    #expect(
      faults(
        text(
          "kind = \"rfc7662\"\nclient_id = \"b\"\nclient_auth = \"tls_client_auth\"",
          issuer: "client_certificate = \"/c\"\nclient_key = \"/k\"")) == "")
    let configuration = try configuration(
      text(Self.plain, policy: "opaque = true\nrecheck = \"30s\"\nrecheck_failure = \"allow\""))
    #expect(configuration.policies[0].acceptsOpaque && configuration.policies[0].recheck == .seconds(30))
    #expect(configuration.policies[0].recheckFailure == .allow)
    #expect(configuration.issuers[0].introspection?.authentication == ClientAuthentication.none)
  }

  @Test(
    "what is missing or does not belong there is named",
    arguments: [
      ("client_auth = \"none\"", "kind: is missing"),
      ("kind = \"rfc7662\"", "client_id: is missing for client_auth \"client_secret_basic\""),
      ("kind = \"rfc7662\"", "client_secret_file: is missing for client_auth \"client_secret_basic\""),
      ("kind = \"rfc7662\"\nclient_auth = \"private_key_jwt\"", "client_auth"),
      ("kind = \"rfc7662\"\nclient_auth = \"bearer\"", "bearer_token_file: is missing"),
      ("kind = \"rfc7662\"\nclient_auth = \"none\"\nclient_id = \"b\"", "client_id: has no effect"),
      ("kind = \"rfc7662\"\nclient_auth = \"none\"\nbasic_encoding = \"raw\"", "basic_encoding: has no effect"),
      ("kind = \"rfc7662\"\nclient_id = \"b\"\nclient_auth = \"tls_client_auth\"", "client_certificate: is missing"),
      ("kind = \"rfc7662\"\nclient_auth = \"none\"\nassume_audience = [\"x\"]", "assume_audience"),
      (
        "kind = \"userinfo\"\nclient_id = \"b\"\nassume_audience = [\"api\"]", "client_id: has no effect with this kind"
      ),
      ("kind = \"rfc7662\"\nclient_auth = \"none\"\nendpoint = \"http://a.example/x\"", "endpoint"),
      ("kind = \"rfc7662\"\nclient_auth = \"none\"\nnegative_cache = \"6s\"", "negative_cache"),
      ("kind = \"rfc7662\"\nclient_auth = \"none\"\nclient_secret = \"s\"", "client_secret: unknown key"),
      ("kind = \"rfc7662\"\nclient_id = \"b\"\nclient_secret_file = \"a/b\"", "client_secret_file"),
    ])
  func refused(table: String, fault: String) {
    #expect(faults(text(table)).contains("issuer.a.introspection.\(fault)") || faults(text(table)).contains(fault))
  }

  @Test("a policy that needs what a resolver or userinfo never tells is an error, with the setting that helps")
  func untold() {
    for kind in ["authgear-resolver", "userinfo"] {
      let audience = faults(text("kind = \"\(kind)\""))
      #expect(audience.contains("policy.default.audiences") && audience.contains("assume_audience"))
      let open = "audience_check = false"
      #expect(faults(text("kind = \"\(kind)\"", audiences: open)) == "")
      #expect(faults(text("kind = \"\(kind)\"\nassume_audience = [\"api\"]")) == "")
      for line in [
        "scopes = [\"a\"]", "clients = [\"a\"]", "acr_values = [\"a\"]", "required_claims = [\"jti\"]",
        "claims = { aud = \"a\" }",
      ] {
        let found = faults(text("kind = \"\(kind)\"", policy: "opaque = true\n" + line, audiences: open))
        #expect(found.contains("policy.default.\(line.split(separator: " ")[0])"), "\(line): \(found)")
        #expect(faults(text(Self.plain, policy: "opaque = true\n" + line)) == "")
      }
    }
  }

  @Test("a policy that has nobody to ask is an error")
  func nobody() {
    for (line, key) in [
      ("opaque = true", "opaque"), ("recheck = \"30s\"\nrecheck_failure = \"refuse\"", "recheck"),
    ] {
      #expect(faults(soundText + line).contains("policy.default.\(key)"))
    }
  }

  @Test("recheck and recheck_failure go together, and an ID token is never opaque")
  func pairs() {
    #expect(
      faults(text(Self.plain, policy: "recheck = \"30s\"")).contains("recheck_failure: is missing beside recheck"))
    #expect(faults(text(Self.plain, policy: "recheck_failure = \"allow\"")).contains("recheck: is missing beside"))
    #expect(faults(text(Self.plain, policy: "recheck = \"9s\"\nrecheck_failure = \"allow\"")).contains("recheck"))
    #expect(faults(text(Self.plain, policy: "opaque = true\ntoken_type = \"id\"")).contains("never opaque"))
  }

  @Test("without discovery the endpoint must be given")
  func endpoint() {
    #expect(faults(text(Self.plain, issuer: "jwks_uri = \"https://a.example/k\"")).contains("endpoint"))
    #expect(
      faults(
        text(Self.plain + "\nendpoint = \"https://a.example/i\"", issuer: "jwks_file = \"/k\"\ntimeout = \"1s\"")) == ""
    )
  }
}
