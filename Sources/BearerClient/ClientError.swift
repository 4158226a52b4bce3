/// Why the daemon gave no answer that could be read; a refused token is a ``Verdict``, never one of these.
///
/// Whatever the case, the token has not been verified: treat the request as not accepted.
public enum ClientError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Nothing answers at the path; `errno` is that of connect(2).
  case noDaemon(path: String, errno: CInt)
  /// The path does not fit into a socket address (107 bytes, unix(7)).
  case pathTooLong(String)
  /// The connection ended before the reply came.
  case closed
  /// The reply is longer than ``BearerClient/maximumReplyBytes``.
  case replyTooLong
  /// The reply is not what the protocol promises.
  case malformedReply
  /// The task was cancelled before the reply came.
  case cancelled
  /// The socket belongs to another user than `serverUID` says (nil if the kernel does not tell); nothing was sent.
  case unexpectedServer(uid: UInt32?, expected: UInt32)
  /// Another fault of the connection; `errno` tells which.
  case connection(errno: CInt)

  /// What happened, for people.
  public var description: String {
    switch self {
    case .noDaemon(let path, let errno): "no daemon answers at \(path) (errno \(errno)); is bearerd running?"
    case .pathTooLong(let path): "the socket path \(path) is longer than 107 bytes"
    case .closed: "the daemon closed the connection before it replied"
    case .replyTooLong: "the daemon's reply is longer than \(BearerClient.maximumReplyBytes) bytes"
    case .malformedReply: "the daemon's reply is not what the protocol promises"
    case .cancelled: "cancelled before the daemon replied"
    case .unexpectedServer(let uid, let expected):
      "the socket is that of user \(uid.map { "\($0)" } ?? "unknown"), not of user \(expected); nothing was sent"
    case .connection(let errno): "the connection to the daemon failed (errno \(errno))"
    }
  }
}
