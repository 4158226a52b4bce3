internal import Glibc

/// Who is at the other end of a connection, as the kernel tells (`SO_PEERCRED`, unix(7)) at accept.
///
/// Across user namespaces the user shows as 65534, across pid namespaces the process as 0.
package struct Peer: Equatable, Sendable {
  /// Effective user id at the time of connect.
  package var uid: UInt32
  /// Effective group id at the time of connect.
  package var gid: UInt32
  /// Process id at the time of connect; 0 if it is not visible here.
  package var pid: Int32
  /// Whether the connection came through a socket that is for administrators (``SocketFile/isForAdministrators``); user
  /// ids are no proof of it.
  package var isAdministrator = false

  /// A peer with these credentials.
  package init(uid: UInt32, gid: UInt32, pid: Int32, isAdministrator: Bool = false) {
    self.uid = uid
    self.gid = gid
    self.pid = pid
    self.isAdministrator = isAdministrator
  }

  /// Asks the kernel who is at the other end of a Unix socket; nil if it does not tell.
  init?(of descriptor: CInt) {
    var credentials = Credentials()
    var length = socklen_t(MemoryLayout<Credentials>.size)
    // Safe because the kernel writes at most `length` bytes, the size of the structure.
    let status = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
    guard status == 0, length == MemoryLayout<Credentials>.size else { return nil }
    self.init(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid)
  }

  /// The kernel's `struct ucred`, which Glibc's module does not show.
  private struct Credentials {
    var pid: pid_t = 0
    var uid: uid_t = 0
    var gid: gid_t = 0
  }
}
