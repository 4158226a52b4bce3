/// Paths as the kernel reads them: a slash is a byte, whatever follows it.
package enum FilePath {
  /// The directory of a file: `.` for a name alone, `/` for a file in the root.
  package static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
  }
}
