import Glibc

/// Where the process's standard error goes.
enum JournalStream {
  /// Whether standard error is a stream to the journal (`JOURNAL_STREAM`, systemd.exec(5)).
  ///
  /// The variable alone proves nothing: a child whose standard error was redirected inherits it too.
  ///
  /// - Parameters:
  ///   - environment: The process's environment.
  ///   - descriptor: The descriptor to judge instead of standard error, for tests.
  /// - Returns: Whether it is that very stream.
  static func isStandardError(_ environment: [String: String], descriptor: CInt = STDERR_FILENO) -> Bool {
    guard let parts = environment["JOURNAL_STREAM"]?.split(separator: ":"), parts.count == 2,
      let device = UInt64(parts[0]), let inode = UInt64(parts[1])
    else { return false }
    var status = stat()
    // Safe because fstat only fills the structure.
    guard fstat(descriptor, &status) == 0 else { return false }
    return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
  }
}
