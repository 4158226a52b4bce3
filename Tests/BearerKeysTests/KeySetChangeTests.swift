import Testing

@testable import BearerKeys

struct KeySetChangeTests {
  @Test("what a refresh added and removed is told by the bytes of the names")
  func namesByBytes() throws {
    // One character in two spellings; the names are sorted by their bytes.
    let before = try TestKeySets.fetched("a", "\u{E9}").keys
    let after = try TestKeySets.fetched("a", "\u{E9}x", "e\u{301}").keys
    let change = KeySetChange(from: before, to: after)
    #expect(change.added.map { Array($0.utf8) } == [Array("e\u{301}".utf8), Array("\u{E9}x".utf8)])
    #expect(change.removed.map { Array($0.utf8) } == [Array("\u{E9}".utf8)])
  }
}
