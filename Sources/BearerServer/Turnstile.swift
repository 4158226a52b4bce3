internal import Glibc
internal import NIOCore
internal import NIOPosix

// Why not `eventLoop.execute`: SwiftNIO runs tasks until none is left before it looks at sockets again, so that two
// connections which hand over to each other by tasks, or one that follows itself, keep all others waiting. What must wait
// for the others has to come back the way they come: through the selector. So whoever yields rings a bell, a byte in a
// socket of the loop's own, and goes on when the loop reads it; everything else that was readable is served in the same
// pass. It costs two system calls for every 500 microseconds of work.

/// Lets connections of one event loop wait until all others had their turn; used on that loop only.
final class Turnstile: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let bell: CInt
  private var waiting: [() -> Void] = []

  private init(bell: CInt) {
    self.bell = bell
  }

  /// Makes the turnstile of an event loop; it lives as long as the loop.
  static func make(on eventLoop: any EventLoop) -> EventLoopFuture<NIOLoopBound<Turnstile>> {
    var ends: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      return eventLoop.makeFailedFuture(ListenerFault.system(call: "socketpair", path: "event loop", errno: errno))
    }
    let bell = ends[1]
    return ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Turnstile(bell: bell))
        }
      }
      .withConnectedSocket(ends[0])
      .flatMapThrowing { channel in
        NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Turnstile.self), eventLoop: channel.eventLoop)
      }
  }

  /// Runs something after everything that is readable by now was served once.
  func pass(_ body: @escaping () -> Void) {
    waiting.append(body)
    // One byte is under way at most, for which there is always room.
    if waiting.count == 1 { _ = send(bell, [1], 1, CInt(MSG_NOSIGNAL)) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let round = waiting
    waiting = []
    for body in round { body() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    close(bell)
  }
}
