import Glibc

/// The system's error numbers that failures of connections and files are told apart by.
package enum Errno {
  static let connectionReset = ECONNRESET
  static let brokenPipe = EPIPE
  static let notConnected = ENOTCONN

  /// Words for the numbers that a failed connection has in practice.
  static func words(for number: CInt) -> String {
    switch number {
    case ECONNREFUSED: "connection refused, nothing listens there"
    case EHOSTUNREACH: "no route to the host"
    case ENETUNREACH: "the network is unreachable"
    case ETIMEDOUT: "no answer"
    case EACCES, EPERM: "not permitted on this host"
    case EADDRNOTAVAIL: "no local address is available"
    case EMFILE, ENFILE: "too many open files"
    default: "error \(number)"
    }
  }

  /// Words for the numbers that a failed call about a file has in practice.
  package static func fileWords(for number: CInt) -> String {
    switch number {
    case ENOENT: "there is no such file"
    case EACCES, EPERM: "permission denied"
    case ENOTDIR: "a part of its path is no directory"
    case ELOOP: "its symbolic links go in a circle"
    case EISDIR: "it is a directory"
    case EIO: "the device reports an error"
    case ENOSPC, EDQUOT: "the disk is full"
    case EROFS: "the file system is read-only"
    default: "error \(number)"
    }
  }
}
