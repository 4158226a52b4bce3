internal import Glibc
internal import NIOCore

/// The kernel's `struct ucred`, which Glibc's module does not show.
private struct ServerCredentials {
  var pid: pid_t = 0
  var uid: uid_t = 0
  var gid: gid_t = 0
}

extension Channel {
  /// The user who made the other end of a Unix socket listen (`SO_PEERCRED`, unix(7)); nil if the kernel does not tell.
  var serverUID: UInt32? {
    // A channel without a descriptor throws: then nobody knows the user, and whoever expects one refuses.
    let uid = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { descriptor -> UInt32? in
      var credentials = ServerCredentials()
      var length = socklen_t(MemoryLayout<ServerCredentials>.size)
      // Safe because the kernel writes at most `length` bytes, the size of the structure.
      let status = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
      return status == 0 && length == MemoryLayout<ServerCredentials>.size ? credentials.uid : nil
    }
    return uid ?? nil
  }
}
