internal import Glibc

/// Threads that are made for one thing, which lasts or may block.
package enum DetachedThread {
  private final class Work: Sendable {
    private let name: String
    private let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }

    func run() {
      nameThread()
      // A thread that was just made keeps its processor from whoever was woken there meanwhile.
      CurrentThread.giveWay()
      body()
    }

    /// By proc(5), because Swift does not see pthread_setname_np(3).
    private func nameThread() {
      let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
      // Without proc(5) it stays without a name.
      guard descriptor >= 0 else { return }
      _ = write(descriptor, name, name.utf8.count)
      close(descriptor)
    }
  }

  /// Runs something on a thread of its own, which ends with it.
  ///
  /// - Parameters:
  ///   - name: What the thread is called where a process's threads are listed (`top -H`); at most 15 bytes.
  ///   - body: What it does.
  /// - Returns: 0, or the error number if no thread can be made (pthread_create(3)); then `body` is not called.
  package static func run(_ name: String, _ body: @escaping @Sendable () -> Void) -> CInt {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(name, body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        // Safe because the pointer is the work that was retained for this thread.
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    if status == 0 { pthread_detach(thread) } else { work.release() }
    return status
  }
}
