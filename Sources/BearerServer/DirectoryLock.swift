internal import Glibc

/// An exclusive lock on the directory of a path, which is made if it is missing.
struct DirectoryLock {
  /// How often, and how long in between, the lock is tried: two seconds in all, ample for a daemon to start listening.
  private static let attempts = 40
  private static let pause: Duration = .milliseconds(50)

  private let descriptor: CInt

  /// Makes the directory (mode 0755, less the umask) and its parents if need be, and locks it.
  init(of path: String) async throws(ListenerFault) {
    let directory = Self.directory(of: path)
    if access(directory, F_OK) != 0, !Self.make(directory) { throw .directory(path: directory, errno: errno) }
    descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .directory(path: directory, errno: errno) }
    for _ in 0..<Self.attempts {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK || errno == EINTR else { break }
      try? await Task.sleep(for: Self.pause)
      if Task.isCancelled { break }
    }
    Glibc.close(descriptor)
    throw .directoryLocked(path: directory)
  }

  /// Gives the lock up.
  func release() {
    Glibc.close(descriptor)
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func make(_ directory: String) -> Bool {
    if mkdir(directory, 0o755) == 0 || errno == EEXIST { return true }
    guard errno == ENOENT, directory.contains("/"), directory != "/" else { return false }
    guard make(self.directory(of: directory)) else { return false }
    return mkdir(directory, 0o755) == 0 || errno == EEXIST
  }
}
