import Foundation

/// The files of this package, as they stand beside the tests.
enum Repository {
  /// The package's directory.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The text of a file, by its path from the root.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// Whether there is such a file or directory.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path())
  }

  /// The names in a directory, sorted; hidden ones are left out.
  static func names(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path())
      .filter { !$0.hasPrefix(".") }.sorted()
  }

  /// The paths of all Swift files below a directory, from the root, sorted.
  static func swiftFiles(below path: String) throws -> [String] {
    let all = FileManager.default.enumerator(atPath: root.appending(path: path).path())?.compactMap { $0 as? String }
    return (all ?? []).filter { $0.hasSuffix(".swift") }.map { "\(path)/\($0)" }.sorted()
  }
}
