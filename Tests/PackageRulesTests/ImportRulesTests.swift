import Foundation
import Testing

/// Which target may import what: the one-way street of the README, and what the build itself cannot check.
@Suite struct ImportRulesTests {
  /// For each target all that it may import; what a target does not need does not stand here.
  static let allowed: [String: Set<String>] = [
    "CLibcrypto": [],
    "CLibsystemd": [],
    "BearerJSON": [],
    "BearerCrypto": ["CLibcrypto", "Synchronization"],
    "BearerJOSE": ["BearerCrypto", "BearerJSON", "Synchronization"],
    "BearerKeys": ["BearerCrypto", "BearerJOSE", "BearerJSON", "Synchronization"],
    "BearerProtocol": ["BearerJSON"],
    "BearerFetch": [
      "AsyncHTTPClient", "BearerJOSE", "BearerJSON", "BearerKeys", "Glibc", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
      "Synchronization",
    ],
    "BearerTransport": ["BearerProtocol", "Glibc", "NIOCore"],
    "BearerServer": [
      "BearerProtocol", "BearerTransport", "Glibc", "Logging", "NIOCore", "NIOPosix", "ServiceLifecycle",
      "Synchronization",
    ],
    "BearerSystemd": ["CLibsystemd", "Glibc", "Logging", "ServiceLifecycle", "Synchronization"],
    "BearerClient": [
      "BearerJSON", "BearerProtocol", "BearerTransport", "Glibc", "NIOCore", "NIOPosix", "Synchronization",
    ],
    "BearerDaemon": [
      "BearerClient", "BearerCrypto", "BearerFetch", "BearerJOSE", "BearerJSON", "BearerKeys", "BearerProtocol",
      "BearerServer", "BearerSystemd", "Dispatch", "Glibc", "Logging", "NIOCore", "NIOPosix", "ServiceLifecycle",
      "Synchronization", "TOMLKit", "UnixSignals",
    ],
    "bearerd": [
      "ArgumentParser", "BearerClient", "BearerDaemon", "BearerFetch", "BearerJOSE", "BearerJSON", "BearerProtocol",
      "BearerSystemd", "Glibc", "Logging",
    ],
    "BearerSigning": ["CLibcrypto"],
    "BearerDevIssuer": [
      "BearerJSON", "BearerSigning", "Glibc", "NIOCore", "NIOHTTP1", "NIOPosix", "Synchronization",
    ],
    "bearerd-benchmark": [
      "BearerCrypto", "BearerDaemon", "BearerDevIssuer", "BearerJOSE", "BearerJSON", "BearerKeys", "BearerServer",
      "Glibc", "Logging", "ServiceLifecycle",
    ],
    "bearerd-dev-issuer": ["ArgumentParser", "BearerDevIssuer", "BearerJSON", "Glibc", "UnixSignals"],
  ]

  /// The modules that a source file imports, also those of which it imports one declaration.
  static func imports(of source: String) -> Set<String> {
    Set(
      source.matches(
        of:
          #/(?m)^[ \t]*(?:@\w+(?:\([^)]*\))? +)*(?:(?:public|package|internal|private|fileprivate) +)?import +(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor) +)?(\w+)/#
      ).map { String($0.1) })
  }

  @Test("every target is in the table, and every entry of the table is a target")
  func complete() throws {
    #expect(try Repository.names(in: "Sources") == Self.allowed.keys.sorted())
  }

  @Test("a target imports only what the table allows", arguments: allowed.keys.sorted())
  func table(_ target: String) throws {
    for file in try Repository.swiftFiles(below: "Sources/\(target)") {
      let found = Self.imports(of: try Repository.text(file))
      #expect(found.subtracting(Self.allowed[target] ?? []) == [], "\(file)")
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

  @Test("the table itself keeps the rules of the design")
  func rules() {
    let importing = { (module: String) in Set(Self.allowed.filter { $0.value.contains(module) }.keys) }
    #expect(importing("Foundation").union(importing("FoundationEssentials")) == [])
    for pure in ["BearerJSON", "BearerCrypto", "BearerJOSE", "BearerKeys", "BearerProtocol"] {
      let outside = (Self.allowed[pure] ?? []).filter { !$0.hasPrefix("Bearer") && !$0.hasPrefix("CLib") }
      #expect(outside.subtracting(["Synchronization"]) == [], "\(pure)")
    }
    #expect(importing("CLibcrypto") == ["BearerCrypto", "BearerSigning"])
    #expect(importing("CLibsystemd") == ["BearerSystemd"])
    #expect(importing("AsyncHTTPClient") == ["BearerFetch"])
    #expect(importing("BearerSigning") == ["BearerDevIssuer"])
    #expect(importing("BearerDevIssuer") == ["bearerd-dev-issuer", "bearerd-benchmark"])
    #expect(Self.allowed["BearerServer"]?.isDisjoint(with: ["BearerJOSE", "BearerKeys", "BearerCrypto"]) == true)
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
