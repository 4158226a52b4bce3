import BearerFiles
internal import Dispatch
import Glibc

/// One inotify(7) instance, which rings when something happens in a directory that it knows.
///
/// It does not say what changed, and it misses changes on a network file system, beyond a link, or where the kernel
/// refuses another watch.
final class InotifyAlarm: @unchecked Sendable {
  // Safe because all members are constants, and the kernel serialises what is done with the descriptor; the source is
  // only cancelled.
  private let descriptor: Int32
  private let source: any DispatchSourceRead

  /// Begins to listen; `nil` if the kernel refuses: a user has 128 instances (`fs.inotify.max_user_instances`).
  ///
  /// - Parameter ring: Called for each event, or for several that came together, on a queue that it must not block.
  init?(ring: @escaping @Sendable () -> Void) {
    let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: DispatchQueue(label: "bearerd.inotify"))
    source.setEventHandler {
      // The events themselves are not needed, but unread ones would ring for ever.
      withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
        while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
      }
      ring()
    }
    source.setCancelHandler { close(descriptor) }
    source.resume()
  }

  deinit { source.cancel() }

  /// Listens to a file's directory as well: to what is written, made, renamed or removed there.
  ///
  /// May block on the disk.
  ///
  /// - Parameter path: A file in the directory; it need not exist.
  /// - Returns: The directory's number, the same if it was known already; `nil` if it cannot be watched.
  func listen(besides path: String) -> Int32? {
    let events = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR
    let number = inotify_add_watch(descriptor, FilePath.directory(of: path), UInt32(events))
    return number >= 0 ? number : nil
  }

  /// Stops listening to a directory.
  ///
  /// - Parameter number: What ``listen(besides:)`` returned.
  func forget(_ number: Int32) {
    // It fails only if the directory is gone, and the watch with it.
    inotify_rm_watch(descriptor, number)
  }
}
