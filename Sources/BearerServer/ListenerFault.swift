internal import Glibc

/// Why the server cannot listen; its description says what to do.
package enum ListenerFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// The path, which has this many bytes, does not fit into a socket address.
  case pathTooLong(path: String, bytes: Int)
  /// The directory of the socket is missing and could not be made, or cannot be opened.
  case directory(path: String, errno: CInt)
  /// Another process keeps the directory locked: most likely a daemon that is starting at this moment.
  case directoryLocked(path: String)
  /// Something that is not a socket stands at the path; it is never removed.
  case notASocket(path: String)
  /// A process answers at the path.
  case liveDaemon(path: String)
  /// Whether the socket at the path is alive cannot be found out.
  case cannotProbe(path: String, errno: CInt)
  /// There is no such group.
  case unknownGroup(String)
  /// The mode or the group of the socket could not be set.
  case permissions(path: String, errno: CInt)
  /// An inherited descriptor is not a listening Unix stream socket.
  case unfitDescriptor(CInt)
  /// Nothing to listen on was given.
  case noAddress
  /// A system call failed.
  case system(call: String, path: String, errno: CInt)

  /// What is wrong, and what to do.
  package var description: String {
    switch self {
    case .pathTooLong(let path, let bytes):
      "socket path \(path) has \(bytes) bytes, at most \(ListeningSocket.maximumPathBytes) are possible; choose a shorter one"
    case .directory(let path, let errno):
      "directory \(path) of the socket cannot be made or opened: \(Self.text(errno)); make it, or choose another path"
    case .directoryLocked(let path):
      "directory \(path) is locked by another process, most likely a daemon that is starting there; try again"
    case .notASocket(let path):
      "\(path) exists and is not a socket; it is left alone: move it away, or choose another path"
    case .liveDaemon(let path):
      "a live daemon is there: something answers at \(path); stop it, or choose another path"
    case .cannotProbe(let path, let errno):
      "whether something answers at \(path) cannot be found out: \(Self.text(errno)); remove it if it is not in use"
    case .unknownGroup(let name):
      "there is no group \(name) for the socket; create it, or name another one"
    case .permissions(let path, let errno):
      "mode or group of \(path) cannot be set: \(Self.text(errno)); the process must be a member of the group"
    case .unfitDescriptor(let descriptor):
      "inherited descriptor \(descriptor) is not a listening AF_UNIX stream socket; use ListenStream= with a path"
    case .noAddress:
      "there is no socket to listen on; give a path, or pass a socket in"
    case .system(let call, let path, let errno):
      "\(call) failed for \(path): \(Self.text(errno))"
    }
  }

  /// The error number of the system call that failed, or the one that fits the fault best; nil if none does.
  package var errno: CInt? {
    switch self {
    case .pathTooLong: ENAMETOOLONG
    case .directory(_, let errno), .cannotProbe(_, let errno), .permissions(_, let errno), .system(_, _, let errno):
      errno
    case .directoryLocked, .liveDaemon: EADDRINUSE
    case .notASocket: ENOTSOCK
    case .unfitDescriptor, .noAddress: EBADF
    case .unknownGroup: nil
    }
  }

  private static func text(_ errno: CInt) -> String {
    // Safe because strerror_r is given the size of its buffer, and what it returns is ended by NUL.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let base = buffer.baseAddress else { return "error \(errno)" }
      base.initialize(repeating: 0, count: buffer.count)
      guard strerror_r(errno, base, buffer.count) == 0 else { return "error \(errno)" }
      return String(cString: base)
    }
  }
}
