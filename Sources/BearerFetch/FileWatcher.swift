package import BearerKeys
import Glibc
package import NIOCore
import NIOPosix

/// Tells when a file may have changed, by inotify.
///
/// A watch on the file alone dies with the file when a new one is renamed over it; a watch on its directory alone
/// misses links that lead elsewhere, and a file that is mounted by itself. So each directory on the way is watched for
/// the one name that matters in it, and the file besides; after each event the way is walked again.
package enum FileWatcher {
  /// Begins to watch; what happens after the return is seen.
  ///
  /// - Parameters:
  ///   - path: The file; it need not exist yet.
  ///   - group: The event loops, one of which reads the events.
  /// - Returns: An element for each change, or for several that came together; whoever ends the iteration, or lets go
  ///   of the stream, ends the watch.
  /// - Throws: `file_unreadable` if the system has no watch left to give, or none for a directory on the way. The stream
  ///   ends if that happens later.
  package static func changes(
    of path: String, on group: any EventLoopGroup
  ) throws(FetchFault) -> AsyncStream<Void> {
    let descriptor = inotify_init1(CInt(IN_NONBLOCK | IN_CLOEXEC))
    guard descriptor >= 0 else {
      throw FetchFault(
        .fileUnreadable,
        "The file \(ShownText.quoted(path)) cannot be watched for changes (\(Errno.fileWords(for: errno))). "
          + "Raise fs.inotify.max_user_instances or the limit of open files.")
    }
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    var watches = FileWatches(path: path, descriptor: descriptor)
    if let code = watches.renew() {
      close(descriptor)
      throw FetchFault(
        .fileUnreadable,
        "A directory on the way to \(ShownText.quoted(path)) cannot be watched for changes "
          + "(\(code == ENOSPC ? "no watch is left" : Errno.fileWords(for: code))). "
          + "Raise fs.inotify.max_user_watches, or let bearerd's user read it.")
    }
    NIOPipeBootstrap(group: group)
      // inotify hands over whole events or an error, so a buffer that shrinks to fit would end the watch.
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8192))
      .channelInitializer { [watches] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(WatchHandler(watches: watches, continuation: continuation))
        }
      }
      .takingOwnershipOfDescriptor(input: descriptor)
      .whenComplete { result in
        switch result {
        case .success(let channel): continuation.onTermination = { _ in channel.close(promise: nil) }
        case .failure:
          close(descriptor)
          continuation.finish()
        }
      }
    return stream
  }
}

/// Reads events off the descriptor.
private final class WatchHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private var watches: FileWatches
  private let continuation: AsyncStream<Void>.Continuation

  init(watches: FileWatches, continuation: AsyncStream<Void>.Continuation) {
    self.watches = watches
    self.continuation = continuation
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var events = unwrapInboundIn(data)
    if watches.areAboutFile(&events) {
      let failure = watches.renew()
      continuation.yield()
      // Whoever listens must look for changes in another way from now on.
      if failure != nil { context.close(promise: nil) }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    continuation.finish()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
