import Foundation

/// A document by its headings.
struct Document {
  let text: String

  init(_ path: String) throws {
    text = try Repository.text(path)
  }

  /// What stands below a heading, up to the next of the same or a higher level; empty if there is no such heading.
  func section(_ heading: String) -> Substring {
    guard let start = text.range(of: "\n\(heading)\n") else { return "" }
    let rest = text[start.upperBound...]
    let level = heading.prefix { $0 == "#" }.count
    var isFenced = false
    var at = rest.startIndex
    for line in rest.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") { isFenced.toggle() }
      let hashes = line.prefix { $0 == "#" }.count
      if !isFenced, (1...level).contains(hashes), line.dropFirst(hashes).hasPrefix(" ") {
        return rest[..<line.startIndex]
      }
      at = line.endIndex
    }
    return rest[..<at]
  }

  /// The fenced blocks of a text that are of a language, each as its lines.
  static func blocks(_ language: String, in text: some StringProtocol) -> [[String]] {
    var blocks: [[String]] = []
    var current: [String]?
    var isOther = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        if let block = current {
          blocks.append(block)
          current = nil
        } else if isOther {
          isOther = false
        } else if line == "```\(language)" {
          current = []
        } else {
          isOther = true
        }
      } else {
        current?.append(String(line))
      }
    }
    return blocks
  }
}
