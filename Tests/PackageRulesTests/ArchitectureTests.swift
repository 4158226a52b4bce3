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
}
