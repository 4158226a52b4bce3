import BearerKeys
import Synchronization

/// A value that is read from files once for all callers, and again after ``forget()``.
///
/// It is read on a thread of its own: a disk that hangs delays only the callers. A value is kept, a failure is not.
final class SharedRead<Value: Sendable, Fault: Error>: Sendable {
  private struct State: Sendable {
    var value: Value?
    var isReading = false
    /// Whether ``forget()`` was called during the read.
    var isStale = false
    var waiters = Waiters<Result<Value, Fault>?>()
  }

  private let read: @Sendable () -> Result<Value, Fault>
  private let state = Mutex(State())

  /// Nothing is read before the first ``value()``.
  init(_ read: @escaping @Sendable () -> Result<Value, Fault>) {
    self.read = read
  }

  /// The value; `nil` if the task was cancelled first.
  func value() async -> Result<Value, Fault>? {
    if let value = state.withLock(\.value) { return .success(value) }
    let id = state.withLock { $0.waiters.reserve() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Fault>?, Never>) in
        let begins = state.withLock { state -> Bool? in
          // Read under the lock: a cancellation that comes later finds the wait.
          if Task.isCancelled { return nil }
          state.waiters.begin(id) { continuation.resume(returning: $0) }
          defer { state.isReading = true }
          return !state.isReading
        }
        guard let begins else { return continuation.resume(returning: nil) }
        if begins { FileThread.detach { self.perform() } }
      }
    } onCancel: {
      let wakeUp = state.withLock { $0.waiters.remove(id) }
      wakeUp?(nil)
    }
  }

  /// Makes the next ``value()`` read again.
  ///
  /// - Returns: The value until now, if there was one.
  func forget() -> Value? {
    state.withLock { state in
      state.isStale = state.isReading
      defer { state.value = nil }
      return state.value
    }
  }

  private func perform() {
    while true {
      let result = read()
      let wakeUps = state.withLock { state -> [Waiters<Result<Value, Fault>?>.WakeUp]? in
        if state.isStale {
          state.isStale = false
          return nil
        }
        state.isReading = false
        if case .success(let value) = result { state.value = value }
        return state.waiters.removeAll()
      }
      guard let wakeUps else { continue }
      for wakeUp in wakeUps { wakeUp(result) }
      return
    }
  }
}
