internal import Glibc
internal import Logging
internal import NIOCore

// SwiftNIO's own AcceptBackoffHandler delays its reads, but leaves the listener registered with the selector, which
// reports it again at once: with an exhausted descriptor table the event loop spins. So reading is switched off.

/// Lets a listener rest when the process or the kernel has nothing left to accept with; clients wait in its queue.
final class AcceptPause: ChannelInboundHandler {
  typealias InboundIn = any Channel

  private let logger: Logger

  init(logger: Logger) {
    self.logger = logger
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
      return context.fireErrorCaught(error)
    }
    logger.error(
      "connections cannot be accepted and wait: descriptors or memory are used up",
      metadata: ["bearerd.errno": "\(error.errnoCode)"])
    let channel = context.channel
    channel.setOption(.autoRead, value: false).whenComplete { _ in
      channel.eventLoop.scheduleTask(in: FixedLimits.acceptPause) {
        channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
      }
    }
  }
}
