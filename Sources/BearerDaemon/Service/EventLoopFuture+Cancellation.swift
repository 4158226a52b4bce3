import BearerServer
import NIOCore

extension EventLoopFuture where Value: Sendable {
  /// The result, or `CancellationError` as soon as the task is cancelled, even if the event loop is stuck.
  func getUnlessCancelled() async throws -> Value {
    let wait = CancellableWait<Value>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        wait.begin(continuation)
        whenComplete { wait.end($0) }
      }
    } onCancel: {
      wait.end(.failure(CancellationError()))
    }
  }
}
