package import BearerJSON
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Asks a bearerd daemon, over its Unix socket, whether tokens may be trusted.
///
///     let bearerd = BearerClient()
///     switch try await bearerd.verify(token: token) {
///     case .accepted(let acceptance): use(acceptance.claims)
///     case .refused(let refusal): answer(status: refusal.status, challenge: refusal.wwwAuthenticate)
///     }
///
/// One client serves any number of tasks over one connection: it is made when first needed, and again when the daemon was
/// restarted. A request whose connection ends before its reply is repeated once; asking has no effect on the daemon, so
/// that asking twice does no harm.
///
/// A reply is waited for however long it takes. A task that has waited long enough is cancelled: it ends with
/// ``ClientError/cancelled`` and nothing is repeated. Its reply is ignored when it comes, and other tasks notice nothing.
public final class BearerClient: Sendable {
  /// Where the daemon listens unless configured otherwise.
  public static let defaultPath = "/run/bearerd/bearerd.sock"

  /// The longest reply that is read, in bytes; it bounds what a faulty daemon can make its clients hold.
  ///
  /// Many times the longest `status` of an issuer, whose key set may be a mebibyte of small keys.
  public static let maximumReplyBytes = 1 << 24
  /// How deep a reply may nest: claims may themselves nest as deep as a request, and stand inside the reply.
  static let maximumReplyDepth = 2 * JSONTape.maximumDepth

  /// How many requests are sent before their replies came; further ones wait here.
  ///
  /// It is the daemon's own bound, by default.
  static let maximumInFlight = 64

  private let path: String
  private let serverUID: UInt32?
  private let eventLoop: any EventLoop
  private let connection = Mutex<ClientConnection?>(nil)

  /// A client of the daemon at a path; nothing is connected yet.
  ///
  /// Whoever may write in the socket's directory can put another socket in its place, and say yes to every token. Where
  /// that is not ruled out, `serverUID` is: then only that user's socket is asked, and nobody else is sent a token.
  ///
  /// - Parameters:
  ///   - path: Where the daemon listens.
  ///   - serverUID: The user who must have made the socket listen (`SO_PEERCRED`, unix(7)): the daemon's own, or root if
  ///     systemd passes the socket in. Any if nil.
  public init(path: String = BearerClient.defaultPath, serverUID: UInt32? = nil) {
    self.path = path
    self.serverUID = serverUID
    self.eventLoop = MultiThreadedEventLoopGroup.singleton.next()
  }

  deinit {
    connection.withLock { $0 }?.close()
  }

  /// Asks whether a token may be trusted.
  ///
  /// - Parameters:
  ///   - token: The token in its compact form.
  ///   - requirements: What it must satisfy besides the policy.
  /// - Returns: The verdict; a refusal is one too.
  /// - Throws: ``ClientError`` when there is no verdict.
  public func verify(token: String, requirements: Requirements = Requirements()) async throws(ClientError) -> Verdict {
    try await verify(.init(name: "token", value: .string(token)), requirements)
  }

  /// Asks whether the token in the value of an `Authorization` header may be trusted.
  ///
  /// - Parameters:
  ///   - authorization: The header's whole value; empty if the header is missing.
  ///   - requirements: What the token must satisfy besides the policy.
  /// - Returns: The verdict; a refusal is one too.
  /// - Throws: ``ClientError`` when there is no verdict.
  public func verify(
    authorization: String, requirements: Requirements = Requirements()
  ) async throws(ClientError) -> Verdict {
    try await verify(.init(name: "authorization", value: .string(authorization)), requirements)
  }

  private func verify(
    _ credentials: JSONObject.Member, _ requirements: Requirements
  ) async throws(ClientError) -> Verdict {
    let operation = JSONObject.Member(name: "op", value: "verify")
    return try Verdict(await request(JSONObject([operation, credentials] + requirements.members)))
  }

  /// Sends a request of any kind and returns the reply, without its `id`.
  ///
  /// - Parameter members: The request without `id`, which is the client's.
  /// - Returns: The reply's members, whatever they say.
  /// - Throws: ``ClientError`` when there is no reply.
  package func request(_ members: JSONObject) async throws(ClientError) -> JSONObject {
    do throws(ClientError) {
      return try await requestOnce(members)
    } catch {
      guard error == .closed, !Task.isCancelled else { throw error }
      return try await requestOnce(members)
    }
  }

  /// Closes the connection; requests without a reply end with ``ClientError/closed``.
  ///
  /// The next request makes a new one.
  public func close() {
    connection.withLock { connection in
      connection?.close()
      connection = nil
    }
  }

  // MARK: The connection

  private func requestOnce(_ members: JSONObject) async throws(ClientError) -> JSONObject {
    if Task.isCancelled { throw .cancelled }
    let connection = current()
    let reply = connection.request(members)
    do {
      return try await withTaskCancellationHandler {
        try await reply.futureResult.get()
      } onCancel: {
        connection.forget(reply)
      }
    } catch let error as ClientError {
      throw error == .closed && Task.isCancelled ? .cancelled : error
    } catch {
      throw ClientError(error, path: path)
    }
  }

  /// The connection there is, or a new one; however many tasks ask, one is made.
  private func current() -> ClientConnection {
    connection.withLock { current in
      if let current, !current.hasEnded { return current }
      let fresh = ClientConnection(path: path, serverUID: serverUID, eventLoop: eventLoop)
      current = fresh
      return fresh
    }
  }
}

extension ClientError {
  /// What NIO reports, in this library's words.
  init(_ error: any Error, path: String) {
    switch error {
    case let error as ClientError: self = error
    case SocketAddressError.unixDomainSocketPathTooLong: self = .pathTooLong(path)
    case let error as IOError where [ENOENT, ECONNREFUSED, EACCES, ENOTSOCK, EPROTOTYPE].contains(error.errnoCode):
      self = .noDaemon(path: path, errno: error.errnoCode)
    case let error as IOError where [EPIPE, ECONNRESET].contains(error.errnoCode): self = .closed
    case let error as IOError: self = .connection(errno: error.errnoCode)
    default: self = .closed
    }
  }
}
