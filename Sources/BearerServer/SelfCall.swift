internal import NIOCore
internal import NIOPosix

/// One line to the server and one line back, over a connection of its own.
final class SelfCall: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private var bytes: [UInt8] = []
  private let reply: EventLoopPromise<[UInt8]>

  private init(_ reply: EventLoopPromise<[UInt8]>) {
    self.reply = reply
  }

  /// Sends a line and waits for the reply, at most until the task is cancelled; the connection is closed then.
  static func make(_ line: [UInt8], through descriptor: CInt, on group: any EventLoopGroup) async throws -> [UInt8] {
    let reply = group.next().makePromise(of: [UInt8].self)
    let connecting = ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(SelfCall(reply))
        }
      }
      .withConnectedSocket(descriptor)
    connecting.whenSuccess { channel in
      channel.writeAndFlush(channel.allocator.buffer(bytes: line)).cascadeFailure(to: reply)
    }
    connecting.cascadeFailure(to: reply)
    defer { connecting.whenSuccess { $0.close(promise: nil) } }
    return try await reply.futureResult.getUnlessCancelled()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    bytes += unwrapInboundIn(data).readableBytesView
    if let end = bytes.firstIndex(of: 0x0A) { reply.succeed(Array(bytes[..<end])) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    reply.fail(ChannelError.eof)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    reply.fail(error)
    context.close(promise: nil)
  }
}
