import Dispatch

/// Runs what blocks, off the few threads that tasks share; issues recorded there still belong to the test.
final class BlockingThread: TaskExecutor {
  private let queue = DispatchQueue(label: "bearerd.test")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Runs a body that may block.
  static func run<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    try await withTaskExecutorPreference(BlockingThread()) { try await body() }
  }
}
