import BearerClient
import Glibc

/// Why there is no reply, and with which status the command ends.
struct NoReply: Error, Equatable {
  let status: ExitStatus
  /// What is wrong, for people; a sentence without its full stop.
  let message: String

  init(status: ExitStatus, message: String) {
    self.status = status
    self.message = message
  }

  /// For a fault of the connection to the daemon at a path.
  init(_ error: ClientError, path: String) {
    switch error {
    case .noDaemon(_, ENOENT):
      status = .noDaemon
      message = "no daemon answers at \(path): there is no such socket. Is bearerd running, and --socket right?"
    case .noDaemon(_, ECONNREFUSED) where !Self.isSocket(path):
      status = .noDaemon
      message = "no daemon answers at \(path), which is no socket. Is --socket right?"
    case .noDaemon(_, ECONNREFUSED):
      status = .noDaemon
      message = "no daemon answers at \(path): the socket is there, but nobody listens"
    case .noDaemon(_, EACCES):
      status = .forbidden
      message = "user \(geteuid()) may not use the socket at \(path); members of the socket's group may"
    case .noDaemon(_, let code):
      status = .noDaemon
      message = "no daemon answers at \(path): \(String(cString: strerror(code)))"
    case .unexpectedServer(let uid, let expected):
      status = .forbidden
      message =
        "the socket at \(path) is that of user \(uid.map { "\($0)" } ?? "unknown"), not of user \(expected): nothing was sent"
    case .connection(EAGAIN):
      status = .noDaemon
      message = "the daemon at \(path) hangs: so many wait for it already that no more can"
    default:
      status = .noDaemon
      message = error.description
    }
  }

  /// Whether a path leads to a socket; also true if that cannot be found out.
  private static func isSocket(_ path: String) -> Bool {
    var facts = stat()
    return stat(path, &facts) != 0 || facts.st_mode & S_IFMT == S_IFSOCK
  }
}
