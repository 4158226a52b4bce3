import BearerConfiguration
import BearerJSON
import BearerKeys
import Dispatch
import Logging
import NIOPosix
import Synchronization

/// Writes and reads snapshots on a thread of its own: a disk that hangs holds up the snapshots and nothing else.
///
/// The threads that tasks share are few. If keys were written there, a stalled `fsync` would stop fetches, the ends of
/// waits, the watchdog and the daemon's own end.
final class SnapshotDisk: Sendable {
  private struct Job: Sendable {
    var snapshot: KeySnapshot
    var issuer: IssuerConfiguration
    var logger: Logger
  }

  private struct State {
    /// The newest set of each issuer that is not being written yet, in the order in which they came.
    var jobs: [Job] = []
    var isWriting = false
    var waiting: [AsyncStream<Void>.Continuation] = []
  }

  private let write: @Sendable (KeySnapshot, IssuerConfiguration, Logger) -> Void
  private let thread = NIOThreadPool(numberOfThreads: 1)
  private let state = Mutex(State())

  /// Calls `write` for one set after the other.
  init(_ write: @escaping @Sendable (KeySnapshot, IssuerConfiguration, Logger) -> Void) {
    self.write = write
    thread.start()
  }

  deinit { thread.shutdownGracefully { _ in } }

  /// Writes a set soon; a newer one of the same issuer takes the place of one that waits.
  func keep(_ snapshot: KeySnapshot, of issuer: IssuerConfiguration, logger: Logger) {
    let isFirst = state.withLock { state in
      state.jobs.removeAll { $0.issuer.url.hasSameBytes(as: issuer.url) }
      state.jobs.append(Job(snapshot: snapshot, issuer: issuer, logger: logger))
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if isFirst { thread.submit { [self] _ in writeAll() } }
  }

  /// Reads on the thread, and waits for it no longer than until `deadline`.
  ///
  /// - Returns: What `body` returned; `nil` if it had not ended in time: then the disk hangs.
  func read<Value: Sendable>(until deadline: DispatchTime, _ body: @escaping @Sendable () -> Value) -> Value? {
    let result = Result<Value>()
    thread.submit { _ in
      result.value.withLock { $0 = body() }
      result.isThere.signal()
    }
    return result.isThere.wait(timeout: deadline) == .success ? result.value.withLock(\.self) : nil
  }

  private final class Result<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
    let isThere = DispatchSemaphore(value: 0)
  }

  /// Waits until all that was kept is written, or until the task is cancelled.
  func settle() async {
    let written = AsyncStream<Void> { continuation in
      state.withLock { state in
        if state.isWriting { state.waiting.append(continuation) } else { continuation.finish() }
      }
    }
    for await _ in written {}
  }

  private func writeAll() {
    while let job = next() { write(job.snapshot, job.issuer, job.logger) }
  }

  private func next() -> Job? {
    let (job, waiting) = state.withLock { state -> (Job?, [AsyncStream<Void>.Continuation]) in
      if !state.jobs.isEmpty { return (state.jobs.removeFirst(), []) }
      state.isWriting = false
      defer { state.waiting = [] }
      return (nil, state.waiting)
    }
    for continuation in waiting { continuation.finish() }
    return job
  }
}
