/// Bounds an operation in time.
enum Deadline {
  /// Runs an operation and cancels it when the time is up; its outcome, which says how far it had come, still counts.
  ///
  /// - Parameters:
  ///   - timeout: The bound.
  ///   - late: The outcome if the operation has none.
  ///   - operation: Ends soon after its task is cancelled.
  /// - Returns: What the operation returned.
  static func run<Outcome: Sendable>(
    within timeout: Duration, late: Outcome, _ operation: @escaping @Sendable () async -> Outcome
  ) async -> Outcome {
    await withTaskGroup(of: Outcome?.self) { group in
      group.addTask { await operation() }
      group.addTask {
        // Sleep throws only when the task is cancelled, because the work has ended.
        try? await Task.sleep(for: timeout)
        return nil
      }
      var outcome: Outcome?
      // The first to end, work or timer, ends the other.
      for await ended in group {
        outcome = outcome ?? ended
        group.cancelAll()
      }
      return outcome ?? late
    }
  }
}
