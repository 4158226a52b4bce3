import BearerClaims
import Foundation
import Testing

@testable import BearerDaemon
@testable import bearerd

/// `README.md` says what is so.
@Suite struct ReadmeTests {
  private let readme: Document

  init() throws {
    readme = try Document("README.md")
  }

  @Test("the tables of keys are the configuration's, every key once")
  func keys() {
    let tables = MarkdownTable.all(in: readme.section("## Configure")).filter {
      $0.columns == ["key", "default", "meaning"]
    }
    let written = tables.map { table in table.rows.flatMap { MarkdownTable.words(in: $0[0]) } }
    let real = [
      TopLevelKey.allCases.map(\.rawValue), IssuerKey.allCases.map(\.rawValue), PolicyKey.allCases.map(\.rawValue),
      PeerKey.allCases.map(\.rawValue),
    ]
    #expect(written == real)
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
