import Foundation

/// Swift source without what is only words.
enum Source {
  /// A file's code, without its line comments.
  static func code(of path: String) throws -> String {
    try Repository.text(path).split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line }
      .joined(separator: "\n")
  }
}
