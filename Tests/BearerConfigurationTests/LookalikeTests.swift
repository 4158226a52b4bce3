import BearerClaims
import BearerTOML
import Testing

@testable import BearerConfiguration

/// Strings that are equal in Swift and differ in their bytes: the first must never get what is said of the second.
@Suite struct LookalikeTests {
  private static let sources = "[issuer.a]\nurl = \"https://a.example\"\n"

  @Test(
    "two keys that only look the same are refused by name",
    arguments: [
      (
        sources + "[policy.p]\naudiences = [\"x\"]\nclaims = { \"caf\u{E9}\" = 1, \"cafe\u{301}\" = 2 }",
        "line 5, column 24: policy.p.claims.\"cafe\u{301}\": looks like the key on line 5"
      ),
      (
        sources + "[policy.K]\naudiences = [\"x\"]\n[policy.\"\u{212A}\"]\naudience_check = false",
        "line 5, column 9: policy.\"\u{212A}\": looks like the key on line 3"
      ),
      (
        "[issuer.K]\nurl = \"https://a.example\"\n[issuer.\"\u{212A}\"]\nurl = \"https://b.example\"",
        "line 3, column 9: issuer.\"\u{212A}\": looks like the key on line 1"
      ),
      (
        sources + "[peer.K]\nuid = 1\n[peer.\"\u{212A}\"]\nuid = 2",
        "line 5, column 7: peer.\"\u{212A}\": looks like the key on line 3"
      ),
    ])
  func twins(_ text: String, _ expected: String) {
    #expect(faults(text).utf8.starts(with: expected.utf8))
  }

  @Test("two urls that only look the same are refused")
  func urls() {
    let text = """
      [issuer.a]
      url = "urn:caf\u{E9}"
      jwks_file = "/a"
      [issuer.b]
      url = "urn:cafe\u{301}"
      jwks_file = "/b"
      [policy.p]
      issuers = ["a", "b"]
      audiences = ["x"]
      """
    #expect(
      faults(text)
        == "line 5: issuer.b.url: looks the same as the url of issuer.a, and differs in its bytes; "
        + "found \"urn:cafe\u{301}\", expected a url of its own")
  }

  @Test("a name that only looks like an issuer's or a policy's is none")
  func names() {
    let issuer = "[issuer.K]\nurl = \"https://a.example\"\n[policy.K]\naudiences = [\"x\"]\n"
    #expect(faults(issuer + "issuers = [\"K\"]") == "")
    #expect(
      faults(issuer + "issuers = [\"\u{212A}\"]")
        == "line 5: policy.K.issuers: there is no such issuer; did you mean \"K\"?; found \"\u{212A}\", "
        + "expected some of K")
    #expect(
      faults(issuer + "[peer.p]\nuid = 1\npolicies = [\"\u{212A}\"]")
        == "line 7: peer.p.policies: there is no such policy; did you mean \"K\"?; found \"\u{212A}\", "
        + "expected some of K")
  }

  @Test("both forms of a claim's name are kept as they are written")
  func claims() throws {
    for name in ["caf\u{E9}", "cafe\u{301}"] {
      let configuration = try configuration(
        Self.sources + "[policy.p]\naudiences = [\"x\"]\nclaims = { \"\(name)\" = 1 }")
      let claim = try #require(configuration.policies.first?.claims.first?.claim)
      #expect(claim.utf8.elementsEqual(name.utf8))
    }
  }
}
