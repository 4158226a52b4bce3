internal import BearerFiles
internal import CLinuxSockets
internal import Glibc

// Of two daemons that start at one path together, the second must find the first one listening, and never take its
// socket for a stale one between bind and listen. So each holds a lock meanwhile.
//
// The lock is on a file that only its owner can open, and not on the directory: any user who may read a directory can
// lock it (flock(2)), and could keep the daemon from starting for ever. The process that holds the lock removes the
// file; one that has locked a file that was removed meanwhile tries again. The kernel drops the lock with the
// descriptor, also when the process dies, so a file that stayed behind does no harm.
//
// Another user who may write to the directory can put a file there. The daemon waits for it as long as a start takes,
// and then starts without the lock.

/// An exclusive lock on starting at a path, whose directory is made if it is missing.
struct StartLock {
  private enum Attempt {
    case taken(CInt)
    /// Another process holds it, of this user or of another.
    case held(byThisUser: Bool)
    /// There can be no lock here.
    case impossible
  }

  /// How many times the lock is tried, and the pause in between: two seconds in all, ample for a daemon's start.
  private static let attempts = 40
  private static let pause: Duration = .milliseconds(50)

  private let path: String
  /// `nil` if the daemon starts without the lock.
  private let descriptor: CInt?

  /// Makes the directory (mode 0755, less the umask) and its parents if need be, and takes the lock.
  init(of socket: String) async throws(ListenerFault) {
    let directory = FilePath.directory(of: socket)
    if access(directory, F_OK) != 0, !Self.make(directory) { throw .directory(path: directory, errno: errno) }
    let found = open(directory, bearerd_o_path | O_CLOEXEC)
    guard found >= 0 else { throw .directory(path: directory, errno: errno) }
    var status = stat()
    let isKnown = fstat(found, &status) == 0
    Glibc.close(found)
    guard isKnown, status.st_mode & S_IFMT == S_IFDIR else { throw .directory(path: directory, errno: ENOTDIR) }

    path = Self.path(of: socket)
    for _ in 0..<Self.attempts {
      switch Self.take(path) {
      case .taken(let descriptor):
        self.descriptor = descriptor
        return
      case .impossible:
        descriptor = nil
        return
      case .held: break
      }
      // Sleep throws only when the task is cancelled, which is checked next.
      try? await Task.sleep(for: Self.pause)
      if Task.isCancelled { break }
    }
    switch Self.take(path) {
    case .taken(let descriptor): self.descriptor = descriptor
    case .held(byThisUser: true): throw .directoryLocked(path: directory)
    case .held(byThisUser: false), .impossible: descriptor = nil
    }
  }

  /// Gives the lock up.
  func release() {
    guard let descriptor else { return }
    // Before the lock is dropped: afterwards the file may be somebody else's.
    unlink(path)
    Glibc.close(descriptor)
  }

  /// The file that is locked for a socket.
  static func path(of socket: String) -> String {
    let name = socket.lastIndex(of: "/").map { socket[socket.index(after: $0)...] } ?? socket[...]
    return "\(FilePath.directory(of: socket))/.\(name).lock"
  }

  private static func take(_ path: String) -> Attempt {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else {
      var status = stat()
      // A file that cannot be opened is the lock of another user, whose daemon may be starting.
      return errno == EACCES && lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        ? .held(byThisUser: false) : .impossible
    }
    var opened = stat()
    var present = stat()
    guard fstat(descriptor, &opened) == 0 else {
      Glibc.close(descriptor)
      return .impossible
    }
    let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    if isLocked, lstat(path, &present) == 0, present.st_ino == opened.st_ino, present.st_dev == opened.st_dev {
      return .taken(descriptor)
    }
    Glibc.close(descriptor)
    return .held(byThisUser: opened.st_uid == geteuid())
  }

  private static func make(_ directory: String) -> Bool {
    if mkdir(directory, 0o755) == 0 || errno == EEXIST { return true }
    guard errno == ENOENT, directory.contains("/"), directory != "/" else { return false }
    guard make(FilePath.directory(of: directory)) else { return false }
    return mkdir(directory, 0o755) == 0 || errno == EEXIST
  }
}
