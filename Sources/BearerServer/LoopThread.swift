internal import CLinuxSockets
internal import Glibc

/// Threads for work that may block or last.
enum LoopThread {
  private final class Work {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }

    func run() {
      bearerd_name_thread(name)
      body()
    }
  }

  /// Runs something on a thread of its own, which ends with it.
  ///
  /// - Parameters:
  ///   - name: The thread's, of at most 15 bytes.
  ///   - body: What it does.
  /// - Returns: 0, or the error number if no thread could be made (pthread_create(3)).
  static func run(_ name: String, _ body: @escaping @Sendable () -> Void) -> CInt {
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
