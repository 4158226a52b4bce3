/// The rows of `Package.swift`, as they are written there.
enum PackageTable {
  struct Row {
    /// What `Package.swift` calls it: library, program, kit, tests, fuzzer.
    let kind: String
    let name: String
    /// The modules that its files import, besides the toolchain's own.
    let imports: [String]

    /// Whether it is no part of the tests.
    var isShipped: Bool { ["library", "program"].contains(kind) }

    /// Where its files are.
    var directory: String { isShipped ? "Sources/\(name)" : "Tests/\(name == "bearerd-fuzz" ? "BearerFuzz" : name)" }
  }

  /// All rows, in their order.
  static func rows() throws -> [Row] {
    let manifest = try Repository.text("Package.swift")
    return manifest.matches(of: #/\(\s*\.(\w+), "([\w-]+)",\s*((?:"[^"]*"(?:\s*\+\s*)?)+)\s*\)/#).map { row in
      let text = row.3.matches(of: #/"([^"]*)"/#).map { String($0.1) }.joined()
      return Row(kind: String(row.1), name: String(row.2), imports: text.split(separator: " ").map(String.init))
    }
  }
}
