internal import Glibc
internal import Logging
internal import NIOCore

// SwiftNIO's AcceptBackoffHandler holds back the next read, but one that failed is still pending, and the selector goes
// on to report a listener on which somebody waits: a loop without descriptors spun at full speed until one was free.
// Switching automatic reading off takes the listener out of the selector, whatever is pending.

/// Lets a listener rest when nobody can be accepted for want of descriptors or memory.
final class AcceptPause: ChannelInboundHandler {
  typealias InboundIn = any Channel

  private let logger: Logger
  private var resumption: Scheduled<Void>?
  /// When the want was logged last: once a minute is enough to see that it lasts.
  private var loggedAt: NIODeadline?

  init(logger: Logger) {
    self.logger = logger
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let code = (error as? IOError)?.errnoCode, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) else {
      context.fireErrorCaught(error)
      return
    }
    guard resumption == nil else { return }
    let now = context.eventLoop.now
    if loggedAt.map({ now - $0 >= FixedLimits.acceptPauseLogPeriod }) ?? true {
      loggedAt = now
      logger.error(
        "connections cannot be accepted and wait: descriptors or memory are used up",
        metadata: ["bearerd.errno": "\(code)"])
    }
    try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    resumption = context.eventLoop.assumeIsolated().scheduleTask(in: FixedLimits.acceptPause) { [self] in
      resumption = nil
      try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    resumption?.cancel()
    resumption = nil
  }
}
