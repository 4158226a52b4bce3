import Testing

/// `.github/ARCHITECTURE.md` says what is so.
@Suite struct ArchitectureTests {
  private let architecture: Document

  init() throws {
    architecture = try Document(".github/ARCHITECTURE.md")
  }

  @Test("the table of targets has the rows of Package.swift, in their order, with their imports")
  func targets() throws {
    let table = try #require(MarkdownTable.first(["target", "what it is", "imports"], in: architecture.text))
    let rows = try PackageTable.rows().filter(\.isShipped)
    #expect(table.rows.flatMap { MarkdownTable.words(in: $0[0]) } == rows.map(\.name))
    let own = rows.map { row in row.imports.filter { $0.hasPrefix("Bearer") || $0.contains(#/^C[A-Z]/#) } }
    #expect(table.rows.map { MarkdownTable.words(in: $0[2]) } == own)
  }

  @Test(
    "every source file that the documents name is there, and no other has its name",
    arguments: [".github/ARCHITECTURE.md", ".github/SECURITY.md"])
  func files(_ path: String) throws {
    let names = Set(try Document(path).text.matches(of: #/`([\w+]+\.swift)`/#).map { String($0.1) })
    #expect(names.count > 40)
    let files = try Repository.swiftFiles(below: "Sources").map { String($0.split(separator: "/").last ?? "") }
    for name in names.subtracting(["Package.swift"]).sorted() {
      #expect(files.count(where: { $0 == name }) == 1, "\(name)")
    }
  }

  @Test("every script that the page on security names is there")
  func scripts() throws {
    let names = Set(try Document(".github/SECURITY.md").text.matches(of: #/`(deploy/[\w.\/-]+)`/#).map { String($0.1) })
    #expect(names.count > 5)
    for name in names.sorted() {
      #expect(Repository.exists(name), "\(name)")
    }
  }
}
