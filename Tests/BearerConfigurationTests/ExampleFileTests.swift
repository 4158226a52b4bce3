import BearerClaims
import BearerProtocol
import Foundation
import Testing

@testable import BearerConfiguration

/// `deploy/bearerd.example.toml` is documentation that is compared with the parser.
@Suite struct ExampleFileTests {
  private let text: String

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    text = try String(contentsOf: root.appending(path: "deploy/bearerd.example.toml"), encoding: .utf8)
  }

  /// The lines of the file with some of those that are commented out switched on.
  private func lines(switchingOn prefix: String, except excluded: [String] = []) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.hasPrefix(prefix), !excluded.contains(where: { line.dropFirst(prefix.count).hasPrefix($0 + " = ") }),
        line.dropFirst(prefix.count).firstMatch(of: #/^[a-z_]+ = /#) != nil
      else { return String(line) }
      return String(line.dropFirst(prefix.count))
    }.joined(separator: "\n")
  }

  @Test("the example is a sound configuration with every default")
  func sound() throws {
    let configuration = try configuration(text)
    #expect(configuration.limits == Limits())
    #expect(
      configuration.issuers == [IssuerConfiguration(name: "authgear", url: "https://your-project.authgear.cloud")])
    #expect(configuration.policies.map(\.audiences) == [["https://your-project.authgear.cloud"]])
  }

  @Test("what is shown as a default is the default")
  func defaults() throws {
    #expect(
      try configuration(lines(switchingOn: "# ", except: ["audience_check"])) == configuration(text))
  }

  @Test("what is shown as an example is accepted")
  func examples() throws {
    let withURI = lines(switchingOn: "# for example: ", except: ["jwks_file", "recheck", "recheck_failure", "tenants"])
    #expect(try configuration(withURI) != configuration(text))
    let file = withURI.split(separator: "\n").filter {
      !["jwks_uri", "connect_to", "ca_file", "client_", "proxy"].contains(where: $0.hasPrefix)
    }.joined(separator: "\n")
    let withFile = file.replacing("# for example: jwks_file", with: "jwks_file")
    #expect(try configuration(withFile).issuers.map(\.source) == [.jwksFile("/etc/bearerd/jwks.json")])
  }

  @Test("the table of a back-end shows every key and its default, and what belongs together is accepted")
  func introspection() throws {
    let lines = text.split(separator: "\n").filter { $0.firstMatch(of: #/^#  [^ ]/#) != nil }.map {
      String($0.dropFirst(3))
    }
    #expect(lines.first == "[issuer.authgear.introspection]")
    #expect(
      lines.dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) }
        == IntrospectionConfiguration.keys.map(\.name))
    let table = lines.filter { !$0.hasPrefix("bearer_token_file") && !$0.hasPrefix("assume_audience") }
    let recheck = text.replacing("# for example: recheck", with: "recheck").replacing(
      "# opaque = false", with: "opaque = true")
    let issuer = try #require(try configuration(recheck + "\n" + table.joined(separator: "\n")).issuers.first)
    var expected = IntrospectionConfiguration()
    expected.endpoint = "https://your-project.authgear.cloud/oauth2/introspect"
    expected.clientID = "bearerd"
    expected.clientSecretFile = "/etc/bearerd/client-secret"
    #expect(issuer.introspection == expected)
  }

  @Test("every key is in the example, in its table")
  func everyKey() {
    let sections = text.split(separator: #/\n\[[a-z.]+\]\n/#).map(String.init)
    #expect(sections.count == 4)
    func missing<Table: ConfigurationTable>(_ table: Table.Type, in section: Int) -> [String] {
      let keys = Table.keys.filter { $0.inner == nil }.map(\.name)
      let shown = sections[section].matches(of: #/(?m)^(?:# (?:for example: )?)?([a-z_]+) = /#).map { String($0.1) }
      #expect(shown.filter { !keys.contains($0) } == [])
      return keys.filter { !shown.contains($0) }
    }
    #expect(missing(Configuration.self, in: 0) == [])
    #expect(missing(IssuerConfiguration.self, in: 1) == [])
    #expect(missing(Policy.self, in: 2) == [])
    #expect(missing(Limits.self, in: 3) == [])
  }

  @Test(
    "the table of a peer shows every key and is accepted, with one way to say whom it is for",
    arguments: [
      "user", "uid", "gid",
    ])
  func peers(identity: String) throws {
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("#   ") }.map { String($0.dropFirst(4)) }
    #expect(lines.first == "[peer.web]")
    #expect(
      Set(lines.dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) })
        == Set(PeerConfiguration.keys.map(\.name)))
    let others = Set(["user", "uid", "gid"]).subtracting([identity])
    let table = lines.filter { line in !others.contains { line.hasPrefix($0 + " ") } }.joined(separator: "\n")
    let peers = try configuration(text + "\n" + table).peers
    #expect(peers.map(\.name) == ["web"])
    #expect(peers.first?.identity == (identity == "gid" ? .group(33) : .user(33)))
    #expect(peers.first?.operations == [.verify, .introspect])
    #expect(peers.first?.policies == ["default"])
    #expect(peers.first?.rate == 1000)
  }
}
