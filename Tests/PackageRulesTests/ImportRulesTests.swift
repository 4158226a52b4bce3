import Foundation
import Testing

/// Which target may import what: the rows of `Package.swift`, the files, and the picture of the targets are one.
@Suite struct ImportRulesTests {
  /// What targets import of the toolchain's own modules, which SwiftPM does not see.
  static let toolchain: [String: Set<String>] = [
    "BearerFraming": ["Glibc"],
    "BearerFiles": ["Glibc"],
    "BearerTime": ["Glibc", "Synchronization"],
    "BearerThreads": ["Glibc", "Synchronization"],
    "BearerClaims": ["Synchronization"],
    "BearerCrypto": ["Synchronization"],
    "BearerJOSE": ["Synchronization"],
    "BearerKeys": ["Synchronization"],
    "BearerIntrospection": ["Synchronization"],
    "BearerLogging": ["Dispatch", "Glibc", "Synchronization"],
    "BearerConfiguration": ["Glibc"],
    "BearerFetch": ["Dispatch", "Glibc", "Synchronization"],
    "BearerServer": ["Glibc", "Synchronization"],
    "BearerSystemd": ["Glibc", "Dispatch"],
    "BearerClient": ["Glibc", "Synchronization"],
    "BearerDaemon": ["Dispatch", "Glibc", "Synchronization"],
    "bearerd": ["Glibc"],
    "BearerDevIssuer": ["Glibc"],
    "BearerDevIssuerServer": ["Synchronization"],
    "bearerd-dev-issuer": ["Glibc"],
    "bearerd-benchmark": ["Glibc", "Synchronization"],
  ]

  /// What every test may import of the toolchain.
  static let forTests: Set<String> = ["Dispatch", "Foundation", "Glibc", "Synchronization", "Testing"]

  /// The modules that a source file imports, also those of which it imports one declaration.
  static func imports(of source: String) -> Set<String> {
    Set(
      source.matches(
        of:
          #/(?m)^[ \t]*(?:@\w+(?:\([^)]*\))? +)*(?:(?:public|package|internal|private|fileprivate) +)?import +(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor) +)?(\w+)/#
      ).map { String($0.1) })
  }

  @Test("every directory of sources is a row, and every row has one")
  func complete() throws {
    let rows = try PackageTable.rows()
    let directories = try Repository.names(in: "Sources").filter { !$0.contains(#/^C[A-Z]/#) }
    #expect(rows.filter(\.isShipped).map(\.name).sorted() == directories)
    #expect(
      try rows.filter { !$0.isShipped }.map(\.directory).sorted() == Repository.names(in: "Tests").map { "Tests/\($0)" }
    )
  }

  @Test("a target imports what its row says, all of it and nothing else")
  func rowsAndFiles() throws {
    for row in try PackageTable.rows() {
      var found: Set<String> = []
      // The spellings below are no imports of the file.
      for file in try Repository.swiftFiles(below: row.directory) where !file.hasSuffix("/ImportRulesTests.swift") {
        found.formUnion(Self.imports(of: try Repository.text(file)))
      }
      let ofToolchain = found.intersection(Self.forTests.union(["FoundationEssentials"]))
      #expect(found.subtracting(ofToolchain) == Set(row.imports.map { $0.replacing("-", with: "_") }), "\(row.name)")
      if row.isShipped {
        #expect(ofToolchain == Self.toolchain[row.name] ?? [], "\(row.name)")
      }
    }
  }

  @Test("a row stands below the rows that it imports")
  func oneWay() throws {
    var above: Set<String> = []
    for row in try PackageTable.rows() {
      let own = row.imports.filter { $0.hasPrefix("Bearer") || $0.hasPrefix("bearerd") }
      #expect(own.filter { !above.contains($0) } == [], "\(row.name)")
      above.insert(row.name)
    }
  }

  @Test("every way to write an import is seen")
  func spellings() {
    let source = """
      import A
      @testable import B
      package import C
        @preconcurrency internal import D
      import struct Foundation.Data
      @_spi(X) public import func E.f
      // import F
      let text = "import G"
      """
    #expect(Self.imports(of: source) == ["A", "B", "C", "D", "Foundation", "E"])
  }

  @Test("the rows keep the rules of the design")
  func rules() throws {
    let rows = try PackageTable.rows().filter(\.isShipped)
    let importing = { (module: String) in Set(rows.filter { $0.imports.contains(module) }.map(\.name)) }
    for pure in [
      "BearerAddress", "BearerTOML", "BearerJSON", "BearerCrypto", "BearerJOSE", "BearerKeys", "BearerProtocol",
    ] {
      let row = try #require(rows.first { $0.name == pure })
      #expect(row.imports.filter { !$0.hasPrefix("Bearer") && !$0.hasPrefix("CLib") } == [], "\(pure)")
      #expect((Self.toolchain[pure] ?? []).subtracting(["Synchronization"]) == [], "\(pure)")
    }
    #expect(importing("CLibcrypto") == ["BearerCrypto", "BearerSigning"])
    #expect(importing("CLibsystemd") == ["BearerSystemd"])
    #expect(importing("CLinuxSockets") == ["BearerServer", "bearerd-benchmark"])
    #expect(importing("AsyncHTTPClient") == ["BearerFetch"])
    #expect(rows.first { $0.name == "BearerServer" }?.imports.filter { $0.hasPrefix("NIO") } == [])
    #expect(importing("BearerSigning") == ["BearerDevIssuer"])
    #expect(importing("BearerDevIssuer") == ["BearerDevIssuerServer", "bearerd-dev-issuer", "bearerd-benchmark"])
    #expect(importing("BearerJOSE").union(importing("BearerKeys")).isDisjoint(with: ["BearerServer"]))
  }

  @Test(
    "the verifier cannot wait: nothing in BearerJOSE is async", arguments: ["BearerJOSE", "BearerCrypto", "BearerJSON"])
  func synchronous(_ target: String) throws {
    for file in try Repository.swiftFiles(below: "Sources/\(target)") {
      #expect(try Source.code(of: file).firstMatch(of: #/\b(async|await)\b/#) == nil, "\(file)")
    }
  }

  @Test("only its own tests look into BearerJOSE, so that nobody else can make a VerifiedToken")
  func testable() throws {
    let looking = try Repository.swiftFiles(below: "Tests").filter { file in
      try Repository.text(file).contains(#/(?m)^@testable import BearerJOSE$/#)
    }
    #expect(looking.filter { !$0.hasPrefix("Tests/BearerJOSETests/") } == [])
  }
}
