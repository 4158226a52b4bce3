internal import BearerFiles
internal import CLinuxSockets
internal import Glibc

// How a daemon comes to own a path without harming another one.
//
// The start is locked (``StartLock``) from before the path is looked at until the new socket listens.
//
// Mode and group are set between bind and listen: until listen every connect is refused, so there is no moment in which
// the file's first mode lets anybody in. (The umask would do for the mode only, and belongs to the whole process.) They
// are set through a descriptor of the file, which must be a socket of this user: in a directory where others may write,
// a path can lead to another file from one moment to the next.
//
// The end has the reverse order: the file is removed while the socket still listens, and only if its inode is the one
// that was made here. While the socket is open the kernel cannot give that number to another file.

/// A Unix socket that listens, and the file that belongs to it.
struct ListeningSocket: Sendable {
  /// Which file of which file system.
  struct Identity: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64
  }

  /// The longest possible path: the size of `sun_path` less the NUL.
  static let maximumPathBytes = 107

  /// The listening descriptor.
  let descriptor: CInt
  /// Where it listens; nil for an abstract address.
  let path: String?
  /// Whether the file at the path was made here, and is removed in the end.
  let isOwn: Bool
  /// Whether a client that connects to it counts as an administrator.
  let isForAdministrators: Bool
  private let identity: Identity?

  // MARK: Inherited

  /// Takes over a descriptor that listens already.
  init(inherited descriptor: CInt) throws(ListenerFault) {
    guard Self.option(SO_DOMAIN, of: descriptor) == AF_UNIX,
      Self.option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue),
      Self.option(SO_ACCEPTCONN, of: descriptor) == 1
    else { throw .unfitDescriptor(descriptor) }
    // Accepting must never block a loop, whoever made the socket.
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw .system(call: "fcntl", path: "inherited descriptor \(descriptor)", errno: errno)
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    self.descriptor = descriptor
    self.path = SocketAddress(of: descriptor)?.path
    self.isOwn = false
    isForAdministrators = false
    // The socket's maker made the file too. That it is the same now cannot be proved, so the one found now counts.
    self.identity = path.flatMap(Self.identity(of:))
  }

  private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
    var value: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
  }

  // MARK: Our own

  /// Makes a socket at a path, in place of a stale one; a live one is left alone, and is a fault.
  init(_ file: SocketFile) async throws(ListenerFault) {
    let path = file.path
    let bytes = path.utf8.count
    guard bytes > 0, bytes <= Self.maximumPathBytes else { throw .pathTooLong(path: path, bytes: bytes) }
    let group: gid_t? = try file.group.map { name throws(ListenerFault) in
      guard let id = UserDatabase.gid(of: name) else { throw .unknownGroup(name) }
      return id
    }
    let lock = try await StartLock(of: path)
    defer { lock.release() }
    try Self.removeIfStale(path)

    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system(call: "socket", path: path, errno: errno) }
    // The file gets this mode, less the umask, from its first moment on.
    fchmod(descriptor, file.mode)
    var isBound = false
    do throws(ListenerFault) {
      guard SocketAddress(path: path).bind(descriptor) == 0 else {
        throw .system(call: "bind", path: path, errno: errno)
      }
      isBound = true
      let identity = try Self.giveAway(path, mode: file.mode, group: group)
      guard listen(descriptor, FixedLimits.backlog) == 0 else {
        throw .system(call: "listen", path: path, errno: errno)
      }
      self.descriptor = descriptor
      self.path = path
      self.isOwn = true
      isForAdministrators = file.isForAdministrators
      self.identity = identity
    } catch {
      if isBound { unlink(path) }
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Whether the path still leads to this socket; true for an abstract one, and for an inherited one whose path could
  /// not be seen from the start (another root or mount namespace).
  var isStillInPlace: Bool {
    guard let path, isOwn || identity != nil else { return true }
    return Self.identity(of: path) == identity
  }

  /// Removes the socket file if it is still the one made here; to be called before the descriptor is closed.
  func removeFile() {
    guard let path, isOwn, isStillInPlace else { return }
    unlink(path)
  }

  /// Connects to the socket as a client would.
  ///
  /// - Returns: The connected descriptor; nil if a failure would not show that the daemon is at fault: this process may
  ///   not open the socket, or the file of an inherited one is gone, which no restart of the daemon brings back.
  /// - Throws: ``ListenerFault/system(call:path:errno:)`` when a client could not connect either.
  func connect() throws(ListenerFault) -> CInt? {
    if !isOwn, path != nil, identity == nil || !isStillInPlace { return nil }
    let name = path ?? "abstract address"
    let client = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard client >= 0 else { throw .system(call: "socket", path: name, errno: errno) }
    guard let address = SocketAddress(of: descriptor), address.connect(client) == 0 else {
      let code = errno
      Glibc.close(client)
      if code == EACCES { return nil }
      throw .system(call: "connect", path: name, errno: code)
    }
    return client
  }

  /// Gives the socket up before any client was accepted.
  func abandon() {
    removeFile()
    Glibc.close(descriptor)
  }

  private static func identity(of path: String) -> Identity? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// Gives a socket of this user its mode and group; whatever else is at the path is left alone.
  ///
  /// - Returns: Which file it is.
  @discardableResult
  static func giveAway(_ path: String, mode: UInt32, group: UInt32?) throws(ListenerFault) -> Identity {
    let file = open(path, bearerd_o_path | O_NOFOLLOW | O_CLOEXEC)
    guard file >= 0 else { throw .permissions(path: path, errno: errno) }
    defer { Glibc.close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .permissions(path: path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
      throw .permissions(path: path, errno: EPERM)
    }
    if let group, fchownat(file, "", uid_t.max, group, bearerd_at_empty_path) != 0 {
      throw .permissions(path: path, errno: errno)
    }
    // A descriptor of O_PATH cannot set the mode, but its name in /proc leads to this very file.
    if status.st_mode & 0o7777 != mode, chmod("/proc/self/fd/\(file)", mode) != 0 {
      throw .permissions(path: path, errno: errno)
    }
    return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  private static func removeIfStale(_ path: String) throws(ListenerFault) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw .cannotProbe(path: path, errno: errno) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
    let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard probe >= 0 else { throw .system(call: "socket", path: path, errno: errno) }
    defer { Glibc.close(probe) }
    guard SocketAddress(path: path).connect(probe) != 0 else { throw .liveDaemon(path: path) }
    switch errno {
    // Nobody listens; the file outlived its process.
    case ECONNREFUSED: break
    case ENOENT: return
    // The queue of a listener is full, or a socket of another type is bound: somebody is there.
    case EAGAIN, EINPROGRESS, EPROTOTYPE: throw .liveDaemon(path: path)
    default: throw .cannotProbe(path: path, errno: errno)
    }
    guard unlink(path) == 0 || errno == ENOENT else { throw .system(call: "unlink", path: path, errno: errno) }
  }
}
