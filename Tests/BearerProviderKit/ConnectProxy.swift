import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP proxy on loopback that opens tunnels (RFC 9110 section 9.3.6) to where it is told, whatever name it is asked for.
package final class ConnectProxy: Sendable {
  /// One `CONNECT` that was received.
  package struct Request: Equatable, Sendable {
    /// The authority that a tunnel was asked for.
    package var authority: String
    /// The `Proxy-Authorization` header, if any.
    package var authorization: String?
  }

  /// What the proxy does with a request.
  package enum Behaviour: Sendable {
    /// Opens a tunnel to this port on 127.0.0.1.
    case tunnel(port: Int)
    /// Answers with this status.
    case refuse(status: Int)
  }

  /// The port on 127.0.0.1.
  package let port: Int
  private let server: any Channel

  /// Starts a proxy on a port that the system chooses.
  ///
  /// - Parameter behaviour: What it does with every request.
  /// - Returns: The proxy, which listens.
  /// - Throws: What prevents a listening socket.
  package static func start(_ behaviour: Behaviour) async throws -> ConnectProxy {
    let log = RequestLog()
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
          try channel.pipeline.syncOperations.addHandler(decoder)
          try channel.pipeline.syncOperations.addHandler(
            ProxyConnection(behaviour: behaviour, log: log, decoder: decoder))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return ConnectProxy(server: server, log: log)
  }

  private let log: RequestLog

  private init(server: any Channel, log: RequestLog) {
    self.server = server
    self.log = log
    port = server.localAddress?.port ?? 0
  }

  /// Every request so far.
  package var requests: [Request] { log.requests.withLock { $0 } }

  /// Stops listening; open tunnels end with their connections.
  package func stop() async { try? await server.close() }

  fileprivate final class RequestLog: Sendable {
    let requests = Mutex<[Request]>([])
  }
}

/// One connection to the proxy: a request, then bytes both ways.
private final class ProxyConnection: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart

  private let behaviour: ConnectProxy.Behaviour
  private let log: ConnectProxy.RequestLog
  private let decoder: ByteToMessageHandler<HTTPRequestDecoder>

  init(
    behaviour: ConnectProxy.Behaviour, log: ConnectProxy.RequestLog, decoder: ByteToMessageHandler<HTTPRequestDecoder>
  ) {
    self.behaviour = behaviour
    self.log = log
    self.decoder = decoder
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = unwrapInboundIn(data) else { return }
    log.requests.withLock {
      $0.append(.init(authority: head.uri, authorization: head.headers.first(name: "proxy-authorization")))
    }
    let channel = context.channel
    guard head.method == .CONNECT, case .tunnel(let port) = behaviour else {
      var status = 405
      if case .refuse(let wanted) = behaviour { status = wanted }
      channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n")).whenComplete {
        _ in
        channel.close(promise: nil)
      }
      return
    }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    ClientBootstrap(group: context.eventLoop)
      .connect(host: "127.0.0.1", port: port)
      .whenComplete { result in
        let (handler, context) = bound.value
        guard case .success(let peer) = result else { return context.close(promise: nil) }
        handler.open(to: peer, context: context)
      }
  }

  private func open(to peer: any Channel, context: ChannelHandlerContext) {
    let channel = context.channel
    do {
      try channel.pipeline.syncOperations.addHandler(Relay(to: peer))
      try peer.pipeline.syncOperations.addHandler(Relay(to: channel))
    } catch {
      return context.close(promise: nil)
    }
    channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n"), promise: nil)
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
    context.pipeline.syncOperations.removeHandler(decoder, promise: nil)
  }
}

/// Passes bytes on, and the end of one side to the other.
private final class Relay: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let peer: any Channel

  init(to peer: any Channel) {
    self.peer = peer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    peer.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    peer.close(promise: nil)
  }
}
