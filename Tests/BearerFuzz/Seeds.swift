import Foundation

/// What fuzzing begins with, taken from what the repository has: vectors, transcripts, the example file; and from the
/// directory that the environment's `BEARERD_VECTORS` names.
enum Seeds {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Writes a target's seeds as files.
  static func write(_ seeds: [[UInt8]], into directory: String) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for (number, seed) in seeds.enumerated() {
      try Data(seed).write(to: URL(filePath: directory).appending(path: "seed-\(number)"))
    }
  }

  /// The contents of all files below a directory whose names end so; those of one sort that differ in little are many.
  static func files(_ directory: String, _ suffix: String) throws -> [[UInt8]] {
    try files(below: root.appending(path: directory), suffix)
  }

  private static func files(below directory: URL, _ suffix: String) throws -> [[UInt8]] {
    let paths = FileManager.default.enumerator(atPath: directory.path())?.compactMap { $0 as? String } ?? []
    return try paths.filter { $0.hasSuffix(suffix) }.sorted().map {
      Array(try Data(contentsOf: directory.appending(path: $0)))
    }
  }

  /// JSON texts, good and bad.
  static func json() throws -> [[UInt8]] {
    let vectors = ProcessInfo.processInfo.environment["BEARERD_VECTORS"]
    return try files("Tests/BearerJOSETests/Vectors", ".json") + requests()
      + (vectors.map { try files(below: URL(filePath: $0).appending(path: "jsontestsuite"), ".json") } ?? [])
  }

  /// The request lines of the transcripts, with `$` for their tokens.
  static func requests() throws -> [[UInt8]] {
    let lines = try files("Tests/EndToEndTests/Transcripts", ".txt").flatMap { $0.split(separator: 0x0A) }
    let sent = lines.map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix("> ") }
    return Set(sent).sorted().map { Array($0.dropFirst(2).replacing(#/\$\{[^}]*\}/#, with: "$").utf8) }
  }

  /// The tokens of the vectors.
  static func tokens() throws -> [[UInt8]] {
    try files("Tests/BearerJOSETests/Vectors/tokens", ".vector").compactMap { file in
      let text = String(decoding: file, as: UTF8.self)
      guard !text.contains("\nencoding:"), let end = text.range(of: "\n\n") else { return nil }
      return Array(text[end.upperBound...].dropLast().utf8)
    }
  }
}
