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

/// The watches of one inotify instance.
private struct FileWatches: Sendable {
  let path: String
  let descriptor: CInt
  /// The names that matter in each watched directory.
  private var names: [CInt: Set<String>] = [:]
  /// The watch on the file itself, where everything matters.
  private var file: CInt = -1

  init(path: String, descriptor: CInt) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Walks the way anew and watches what is on it, until nothing changed between walk and watch.
  ///
  /// - Returns: The error number if something on the way cannot be watched, so that changes may be missed.
  mutating func renew() -> CInt? {
    let changes = UInt32(
      IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
    var entries: [WatchedPath.Entry] = []
    var failure: CInt?
    for _ in 0..<8 {
      let now = WatchedPath.entries(of: path)
      if now == entries { return failure }
      entries = now
      failure = nil
      var renewed: [CInt: Set<String>] = [:]
      for entry in entries {
        let watch = inotify_add_watch(descriptor, entry.directory, changes | UInt32(IN_ONLYDIR))
        // A directory that went since the walk is missed by the next one, and that is no failure.
        if watch >= 0 {
          renewed[watch, default: []].insert(entry.name)
        } else if errno != ENOENT, errno != ENOTDIR {
          failure = errno
        }
      }
      let renewedFile = inotify_add_watch(descriptor, path, UInt32(IN_CLOSE_WRITE | IN_ATTRIB))
      // A path that names a directory has the watch of an entry below it.
      let obsolete = Set(names.keys).union([file]).subtracting(renewed.keys).subtracting([renewedFile, -1])
      for watch in obsolete { inotify_rm_watch(descriptor, watch) }
      file = renewedFile
      names = renewed
    }
    return failure
  }

  /// Whether an event may mean that the path names other bytes now.
  func isAboutFile(watch: CInt, mask: UInt32, name: String) -> Bool {
    if mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
    if watch == file { return true }
    guard let interesting = names[watch] else { return false }
    return interesting.contains(name) || mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF) != 0
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
    var buffer = unwrapInboundIn(data)
    var isChanged = false
    // struct inotify_event: watch, mask, cookie, length, name with padding of zeros
    while let watch = buffer.readInteger(endianness: .host, as: CInt.self),
      let mask = buffer.readInteger(endianness: .host, as: UInt32.self),
      buffer.readInteger(endianness: .host, as: UInt32.self) != nil,
      let length = buffer.readInteger(endianness: .host, as: UInt32.self),
      let name = buffer.readBytes(length: Int(length))
    {
      let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      if watches.isAboutFile(watch: watch, mask: mask, name: text) { isChanged = true }
    }
    if isChanged {
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
