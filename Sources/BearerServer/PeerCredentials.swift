internal import Glibc
internal import NIOCore

/// The kernel's `struct ucred`, which Glibc's module does not show.
private struct Credentials {
  var pid: pid_t = 0
  var uid: uid_t = 0
  var gid: gid_t = 0
}

extension Peer {
  /// Asks the kernel who is at the other end of a Unix socket (`SO_PEERCRED`); nil if it does not tell.
  init?(of channel: any Channel) {
    let credentials = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { descriptor in
      var credentials = Credentials()
      var length = socklen_t(MemoryLayout<Credentials>.size)
      // Safe because the kernel writes at most `length` bytes, the size of the structure.
      let status = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
      return status == 0 && length == MemoryLayout<Credentials>.size ? credentials : nil
    }
    guard let credentials = credentials ?? nil else { return nil }
    self.init(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid)
  }
}

extension Channel {
  /// How many bytes the kernel holds for this socket that were not read yet (`FIONREAD`); 0 if it does not tell.
  var unreadBytes: Int {
    let count = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { descriptor in
      var count: CInt = 0
      return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }
    return count ?? 0
  }
}
