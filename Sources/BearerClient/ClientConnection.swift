internal import BearerJSON
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// One connection to the daemon, from the attempt to make it to its end; used from any task.
final class ClientConnection: Sendable {
  private let exchange: EventLoopFuture<NIOLoopBound<Exchange>>
  private let ended = Mutex(false)

  /// Begins to connect.
  init(path: String, eventLoop: any EventLoop) {
    exchange = ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Exchange())
        }
      }
      .connect(unixDomainSocketPath: path)
      .flatMapThrowing { channel in
        let exchange = try channel.pipeline.syncOperations.handler(type: Exchange.self)
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
  func request(_ members: JSONObject) -> EventLoopFuture<JSONObject> {
    exchange.flatMap { exchange in
      let promise = exchange.eventLoop.makePromise(of: JSONObject.self)
      exchange.value.request(members, promise)
      return promise.futureResult
    }
  }

  /// Ends the connection.
  func close() {
    exchange.whenSuccess { $0.value.close() }
  }
}
