import BearerKeys
import Synchronization

/// What is read from files once, for all who need it, and again when it is said to have changed.
///
/// It is read on a thread of its own: one on a disk that hangs holds up whoever waits for it, and nobody else. A value is
/// kept, a failure is not.
final class SharedRead<Value: Sendable, Fault: Error>: Sendable {
  private struct State: Sendable {
    var value: Value?
    var isReading = false
    /// Whether what is being read has changed meanwhile.
    var isStale = false
    var waiters = Waiters<Result<Value, Fault>?>()
  }

  private let read: @Sendable () -> Result<Value, Fault>
  private let state = Mutex(State())

  /// Nothing is read before the first who needs it.
  init(_ read: @escaping @Sendable () -> Result<Value, Fault>) {
    self.read = read
  }

  /// The value; `nil` if the task was cancelled first.
  func value() async -> Result<Value, Fault>? {
    if let value = state.withLock(\.value) { return .success(value) }
    let place = state.withLock { $0.waiters.reserve() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Fault>?, Never>) in
        let begins = state.withLock { state -> Bool? in
          // Read under the lock: a cancellation that comes later finds the place.
          if Task.isCancelled { return nil }
          state.waiters.begin(at: place) { continuation.resume(returning: $0) }
          defer { state.isReading = true }
          return !state.isReading
        }
        guard let begins else { return continuation.resume(returning: nil) }
        if begins { FileThread.detach { self.perform() } }
      }
    } onCancel: {
      let wakeUp = state.withLock { $0.waiters.remove(place) }
      wakeUp?(nil)
    }
  }

  /// Has the value read again when it is needed next.
  ///
  /// - Returns: The value that is not used any more.
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
