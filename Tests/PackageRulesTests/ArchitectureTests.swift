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

  @Test("every source file that it names is there, and no other has its name")
  func files() throws {
    let names = Set(architecture.text.matches(of: #/`([\w+]+\.swift)`/#).map { String($0.1) })
    #expect(names.count > 40)
    let files = try Repository.swiftFiles(below: "Sources").map { String($0.split(separator: "/").last ?? "") }
    for name in names.subtracting(["Package.swift"]).sorted() {
      #expect(files.count(where: { $0 == name }) == 1, "\(name)")
    }
  }
}
