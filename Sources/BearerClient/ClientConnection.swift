internal import BearerJSON
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// One connection to the daemon, from the attempt to make it to its end; used from any task.
final class ClientConnection: Sendable {
  private let eventLoop: any EventLoop
  private let exchange: EventLoopFuture<NIOLoopBound<ClientChannelHandler>>
  private let ended = Mutex(false)

  /// Begins to connect.
  ///
  /// - Parameters:
  ///   - path: Where the daemon listens.
  ///   - serverUID: The user who must have made the socket listen; any if nil. Nothing is sent to another one.
  ///   - eventLoop: Where the connection lives.
  init(path: String, serverUID: UInt32?, eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    exchange = ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ClientChannelHandler())
        }
      }
      .connect(unixDomainSocketPath: path)
      .flatMapThrowing { channel in
        if let serverUID, channel.serverUID != serverUID {
          let found = channel.serverUID
          channel.close(promise: nil)
          throw ClientError.unexpectedServer(uid: found, expected: serverUID)
        }
        let exchange = try channel.pipeline.syncOperations.handler(type: ClientChannelHandler.self)
        return NIOLoopBound(exchange, eventLoop: channel.eventLoop)
      }
    exchange.whenComplete { [weak self] result in
      switch result {
      case .failure: self?.ended.withLock { $0 = true }
      case .success(let exchange): exchange.value.onEnd { self?.ended.withLock { $0 = true } }
      }
    }
  }

  /// Whether the attempt failed or the connection is closed.
  var hasEnded: Bool { ended.withLock { $0 } }

  /// Sends a request, once connected, and promises its reply.
  func request(_ members: JSONObject) -> EventLoopPromise<JSONObject> {
    let reply = eventLoop.makePromise(of: JSONObject.self)
    exchange.whenSuccess { $0.value.request(members, reply) }
    exchange.whenFailure { reply.fail($0) }
    return reply
  }

  /// Gives up the wait for a reply, which is ignored when it comes; everybody else's are as they were.
  func forget(_ reply: EventLoopPromise<JSONObject>) {
    reply.fail(ClientError.cancelled)
    exchange.whenSuccess { $0.value.forget(reply.futureResult) }
  }

  /// Ends the connection.
  func close() {
    exchange.whenSuccess { $0.value.close() }
  }
}
