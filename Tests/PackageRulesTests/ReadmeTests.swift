import BearerClaims
import Foundation
import Testing

@testable import BearerConfiguration
@testable import bearerd

/// `README.md` says what is so.
@Suite struct ReadmeTests {
  private let readme: Document

  init() throws {
    readme = try Document("README.md")
  }

  @Test("the tables of keys are the configuration's, every key once with its default")
  func keys() {
    let tables = MarkdownTable.all(in: readme.section("## Configure")).filter {
      $0.columns == ["key", "default", "meaning"]
    }
    func plain(_ text: String) -> String { text.filter { !"`\"[],".contains($0) } }
    let written = tables.map { table in
      table.rows.flatMap { row in MarkdownTable.words(in: row[0]).map { [$0, plain(row[1])] } }
    }
    let real = [
      Configuration.defaults, IssuerConfiguration.defaults, IntrospectionConfiguration.defaults, Policy.defaults,
      PeerConfiguration.defaults,
    ]
    #expect(written == real.map { $0.map { [$0.name, plain($0.text)] } })
  }

  @Test("the keys that need a restart are named, and nothing that is one for each issuer, policy or peer is among them")
  func restarts() throws {
    let table = try #require(MarkdownTable.first(["to", "do"], in: readme.section("## Operate")))
    let row = try #require(table.rows.first { $0[0] == "change the configuration" })
    let sentence = row[1].split(separator: ". ").first { $0.contains("need a restart") } ?? ""
    #expect(
      MarkdownTable.words(in: sentence) == Configuration.keys.filter(\.needsRestart).map(\.name) + ["limits"])
    #expect(IssuerConfiguration.keys.filter(\.needsRestart).isEmpty)
    #expect(Policy.keys.filter(\.needsRestart).isEmpty)
    #expect(PeerConfiguration.keys.filter(\.needsRestart).isEmpty)
  }

  @Test("the least configuration is one")
  func leastConfiguration() throws {
    let block = try #require(Document.blocks("toml", in: readme.section("## Configure")).first)
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).toml")
    try block.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let configuration = try ConfigurationSources(config: file.path(), environment: [:]).load()
    #expect(configuration.issuers.map(\.name) == ["authgear"])
    #expect(configuration.defaultPolicy?.audiences == ["https://your-project.authgear.cloud"])
  }

  @Test("the table of exit statuses is the command's")
  func exitStatuses() throws {
    let table = try #require(MarkdownTable.first(["status", "meaning"], in: readme.text))
    #expect(table.rows.map { $0[0] } == bearerd.ExitStatus.allCases.map { "\($0.rawValue)" })
  }

  @Test(
    "every file that the documents link to is there",
    arguments: ["README.md", "protocol.md", ".github/CONTRIBUTING.md"])
  func links(_ path: String) throws {
    let document = try Document(path)
    let directory = path.split(separator: "/").dropLast().map { "\($0)/" }.joined()
    let targets = document.text.matches(of: #/\]\(([^)]+)\)/#).map { String($0.1) }.filter { !$0.hasPrefix("https://") }
    #expect(!targets.isEmpty)
    for target in targets {
      let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let file = parts[0].isEmpty ? path : directory + parts[0]
      #expect(Repository.exists(file), "\(target)")
      if parts.count == 2 { #expect(try Document(file).anchors.contains(parts[1]), "\(target)") }
    }
  }

  @Test("it says how to run the tests, and the command is there")
  func testCommand() {
    #expect(readme.section("## Develop").contains("`deploy/test`"))
    #expect(FileManager.default.isExecutableFile(atPath: Repository.root.appending(path: "deploy/test").path()))
    #expect(FileManager.default.isExecutableFile(atPath: Repository.root.appending(path: "deploy/quickstart").path()))
  }
}

extension Document {
  /// The names by which headings can be linked to, as GitHub makes them.
  fileprivate var anchors: [String] {
    text.matches(of: #/(?m)^#+ (.+)$/#).map { heading in
      String(heading.1).lowercased().filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
        .replacing(" ", with: "-")
    }
  }
}
