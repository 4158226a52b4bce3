internal import Glibc

/// Threads that are made for one thing that may block or last.
enum LoopThread {
  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs something on a thread of its own, which ends with it.
  ///
  /// - Returns: 0, or the error number if there is no thread to be had (pthread_create(3)).
  static func run(_ body: @escaping @Sendable () -> Void) -> CInt {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        // Safe because the pointer is the work that was retained for this thread.
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    if status == 0 { pthread_detach(thread) } else { work.release() }
    return status
  }
}
