import BearerJSON
import Foundation
import Testing

/// The examples of `protocol.md` are lines that the end-to-end tests replay.
@Suite struct ExamplesTests {
  private static let heading = "## 11 Examples"

  private static func isExchange(_ line: some StringProtocol) -> Bool { line.hasPrefix("> ") || line.hasPrefix("< ") }

  @Test("every example stands in a transcript, line by line and without a gap")
  func examples() throws {
    let directory = "Tests/EndToEndTests/Transcripts"
    let transcripts = try Repository.names(in: directory).filter { $0.hasSuffix(".txt") }.map { name in
      try Repository.text("\(directory)/\(name)").split(separator: "\n").map(String.init).filter(Self.isExchange)
    }
    let examples = Document.blocks("text", in: try Document("protocol.md").section(Self.heading))
    #expect(examples.count >= 10)
    for example in examples {
      #expect(example.allSatisfy(Self.isExchange), "\(example)")
      #expect(transcripts.contains { $0.contains(example) }, "no transcript has \(example.first ?? "")")
    }
  }

  @Test("each example asks and is answered in turn")
  func turns() throws {
    for example in Document.blocks("text", in: try Document("protocol.md").section(Self.heading)) {
      #expect(example.enumerated().allSatisfy { $1.hasPrefix($0.isMultiple(of: 2) ? "> " : "< ") }, "\(example)")
      #expect(example.count.isMultiple(of: 2))
    }
  }
}
