import Testing

/// What swallows an error, or is safe by somebody's word, says why.
@Suite struct ReasonTests {
  private static let words = ["try? ", "@unchecked Sendable", "nonisolated(unsafe)", "withExtendedLifetime"]

  @Test("every try?, and every word that has the compiler look away, has a comment beside it")
  func reasons() throws {
    for file in try Repository.swiftFiles(below: "Sources") {
      let lines = try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.drop { $0 == " " } }
      for (number, line) in lines.enumerated() where Self.words.contains(where: line.contains) {
        let around = lines[max(0, number - 1)...min(lines.count - 1, number + 1)]
        #expect(around.contains { $0.hasPrefix("//") }, "\(file):\(number + 1)")
      }
    }
  }
}
