import BearerClaims
import BearerTOML
import Testing

@testable import BearerConfiguration

/// How an issuer writes claims, as the file says it.
@Suite struct IssuerProfileTableTests {
  private func text(_ issuer: String, _ policy: String = "") -> String {
    "[issuer.a]\nurl = \"https://a.example\"\n\(issuer)\n[policy.default]\naudiences = [\"x\"]\n\(policy)"
  }

  @Test("the names of claims are read")
  func names() throws {
    let profile = try configuration(
      text(
        """
        scope_claims = ["scp"]
        client_claims = ["azp", "cid"]
        jti_claims = ["uti"]
        roles_claim = "realm_access.roles"
        """, "roles = [\"admin\"]")
    ).issuers.first?.profile
    var expected = IssuerProfile()
    expected.scopeClaims = ["scp"]
    expected.clientClaims = ["azp", "cid"]
    expected.tokenIDClaims = ["uti"]
    expected.rolesClaim = ClaimPath(["realm_access", "roles"])
    #expect(profile == expected)
  }

  @Test(
    "a path is a text or a list, and written as it can be read",
    arguments: [
      (#""roles""#, ["roles"], #""roles""#), (#""https://a.b/roles""#, ["https://a.b/roles"], #""https://a.b/roles""#),
      (#"["resource_access", "a.b", "roles"]"#, ["resource_access", "a.b", "roles"], nil),
      (#"["a", "b"]"#, ["a", "b"], #""a.b""#),
    ])
  func path(_ written: String, _ names: [String], _ again: String?) throws {
    let issuer = try #require(try configuration(text("roles_claim = \(written)")).issuers.first)
    #expect(issuer.profile.rolesClaim?.names == names)
    let shown = IssuerConfiguration.differences(from: IssuerConfiguration(name: ""), to: issuer)
    #expect(shown.first { $0.name == "roles_claim" }?.text == again ?? written)
  }

  @Test("a path with nothing between its dots is none, and roles need one", arguments: [".roles", "a..b", "a."])
  func emptyNames(_ path: String) {
    #expect(faults(text("roles_claim = \"\(path)\"")).hasPrefix("line 3: issuer.a.roles_claim: not acceptable"))
  }

  @Test("a policy that asks for roles of an issuer without a path is a fault that names both")
  func rolesOfNowhere() {
    #expect(
      faults(text("", "roles = [\"admin\"]"))
        == "line 6: policy.default.roles: nothing says where the roles are in the tokens of issuer.a; "
        + "expected roles_claim in [issuer.a]")
  }
}
