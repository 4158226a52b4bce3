import BearerThreads
import Dispatch
import Synchronization

/// Reads files on threads of their own: a file on a disk that hangs delays only the task that waits for it.
package enum FileThread {
  /// Runs a call that may block on a thread that is made for it.
  ///
  /// A call that never returns keeps its thread, so the caller must not repeat one that has not ended.
  ///
  /// - Returns: What `body` returned; `nil` if the task was cancelled before that.
  package static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
    let wait = Wait<Value>()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        wait.begin(continuation)
        detach { wait.end(body()) }
      }
    } onCancel: {
      wait.end(nil)
    }
  }

  /// Runs a call that may block on a thread that is made for it, and does not wait for it.
  static func detach(_ body: @escaping @Sendable () -> Void) {
    // Where no thread can be made, it blocks one that is there already: whoever waits for it must not wait for ever.
    if DetachedThread.run("bearerd-file", body) != 0 { DispatchQueue.global().async(execute: body) }
  }

  /// A wait that ends with the call or with the task's cancellation, whichever comes first.
  private final class Wait<Value: Sendable>: Sendable {
    private enum State {
      case notBegun
      case waiting(CheckedContinuation<Value?, Never>)
      case over
    }

    private let state = Mutex(State.notBegun)

    func begin(_ continuation: CheckedContinuation<Value?, Never>) {
      let isOver = state.withLock { state in
        if case .over = state { return true }
        state = .waiting(continuation)
        return false
      }
      if isOver { continuation.resume(returning: nil) }
    }

    func end(_ value: Value?) {
      let before = state.withLock { state in
        defer { state = .over }
        return state
      }
      if case .waiting(let continuation) = before { continuation.resume(returning: value) }
    }
  }
}
