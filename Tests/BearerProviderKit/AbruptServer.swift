import NIOCore
import NIOPosix

/// A server on loopback that ends every connection before it is of use.
package final class AbruptServer: Sendable {
  /// What becomes of a connection.
  package enum Behaviour: Sendable {
    /// It ends in order, without a byte read.
    case closesAtOnce
    /// It ends in order after the first bytes that come.
    case closesAfterGreeting
    /// It ends by a TCP reset after the first bytes that come.
    case resetsAfterGreeting
    /// The first bytes are answered with a text, then it ends in order.
    case answers(String)
  }

  /// The port on 127.0.0.1.
  package let port: Int
  private let server: any Channel

  /// Starts a server on a port that the system chooses.
  ///
  /// - Parameter behaviour: What becomes of every connection.
  /// - Returns: The server, which listens.
  /// - Throws: What prevents a listening socket.
  package static func start(_ behaviour: Behaviour) async throws -> AbruptServer {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AbruptConnection(behaviour: behaviour))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return AbruptServer(server: server)
  }

  private init(server: any Channel) {
    self.server = server
    port = server.localAddress?.port ?? 0
  }

  /// Stops listening.
  package func stop() async { try? await server.close() }
}

/// One connection that ends.
private final class AbruptConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let behaviour: AbruptServer.Behaviour

  init(behaviour: AbruptServer.Behaviour) {
    self.behaviour = behaviour
  }

  func channelActive(context: ChannelHandlerContext) {
    if case .closesAtOnce = behaviour { context.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let channel = context.channel
    switch behaviour {
    case .closesAtOnce: break
    case .closesAfterGreeting: channel.close(promise: nil)
    case .resetsAfterGreeting:
      // `struct linger`, on and zero seconds: closing sends RST in place of FIN.
      let linger = (channel as? any SocketOptionProvider)?.unsafeSetSocketOption(
        level: .socket, name: .so_linger, value: (Int32(1), Int32(0)))
      (linger ?? channel.eventLoop.makeSucceededVoidFuture()).whenComplete { _ in channel.close(promise: nil) }
    case .answers(let text):
      channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in channel.close(promise: nil) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
