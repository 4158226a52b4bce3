import Glibc

/// The system's error numbers that tell failures of a connection apart.
enum Errno {
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
}
