import Testing

@testable import BearerDaemon

/// systemd's status line when there is more to tell than it may hold.
@Suite struct StatusTextTests {
  private func issuer(_ number: Int, rank: Int = StatusText.IssuerState.fine) -> StatusText.IssuerState {
    .init(rank: rank, words: "issuer-\(number): 2 keys, 4 min old")
  }

  @Test("what is wrong comes first, the worst before all; the order is otherwise that of the configuration")
  func order() {
    let line = StatusText.line(
      remarks: ["a", "b\nc"],
      issuers: [
        .init(rank: 3, words: "d"), .init(rank: 1, words: "e"), .init(rank: 0, words: "f"), .init(rank: 3, words: "g"),
        .init(rank: 2, words: "h"), .init(rank: 0, words: "i"),
      ])
    #expect(line == "a; b c; f; i; e; h; d; g")
  }

  @Test("what finds no room is counted")
  func many() {
    let fine = (0..<1000).map { issuer($0) }
    let line = StatusText.line(remarks: [], issuers: [issuer(1000, rank: 2)] + fine)
    let listed = line.split(separator: "; ").count - 1
    #expect(line.utf8.count <= StatusText.longest && listed > 50)
    #expect(line.hasPrefix("issuer-1000: 2 keys, 4 min old; issuer-0: "))
    #expect(line.hasSuffix("; and \(1001 - listed) more fine"))
  }

  @Test("troubled issuers without number leave room for nobody else, and are counted apart")
  func manyTroubled() {
    let troubled = (0..<1000).map { issuer($0, rank: $0 % 3) }
    let line = StatusText.line(remarks: [], issuers: [issuer(1000)] + troubled)
    let listed = line.split(separator: "; ").count - 1
    #expect(line.utf8.count <= StatusText.longest)
    #expect(line.hasSuffix("; and \(1000 - listed) more in trouble, and 1 more fine"))
  }

  @Test("the last one needs no room for a count")
  func exact() {
    let long = StatusText.IssuerState(rank: 3, words: String(repeating: "x", count: 999))
    #expect(StatusText.line(remarks: [], issuers: [long, long]).utf8.count == 2000)
    #expect(StatusText.line(remarks: [], issuers: [long, long, long]).hasSuffix("x; and 2 more fine"))
  }

  @Test("a remark is cut, so that the issuers are seen")
  func longRemark() {
    let line = StatusText.line(remarks: [String(repeating: "é", count: 3000)], issuers: [issuer(1)])
    #expect(line == String(repeating: "é", count: 498) + "…; issuer-1: 2 keys, 4 min old")
  }

  @Test("names are listed as far as there is room")
  func names() {
    #expect(StatusText.line("for ", names: ["a", "b"]) == "for a, b")
    let line = StatusText.line("for ", names: (0..<1000).map { "name-\($0)" })
    #expect(line.utf8.count < StatusText.longest + 10)
    #expect(line.firstMatch(of: #/, and (\d+) more$/#) != nil)
  }
}
