internal import Synchronization

/// A wait for something that may never come, such as the answer of a stuck event loop; the first outcome counts.
package final class CancellableWait<Value: Sendable>: Sendable {
  private enum State {
    case notBegun
    case waiting(CheckedContinuation<Value, any Error>)
    case over(Result<Value, any Error>)
  }

  private let state = Mutex(State.notBegun)

  /// A wait that has not begun.
  package init() {}

  /// Begins to wait, or ends at once if there is an outcome already.
  package func begin(_ continuation: CheckedContinuation<Value, any Error>) {
    let early: Result<Value, any Error>? = state.withLock { state in
      if case .over(let outcome) = state { return outcome }
      state = .waiting(continuation)
      return nil
    }
    if let early { continuation.resume(with: early) }
  }

  /// Ends the wait, unless it is over.
  package func end(_ outcome: Result<Value, any Error>) {
    let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
      defer { if case .over = state {} else { state = .over(outcome) } }
      if case .waiting(let continuation) = state { return continuation }
      return nil
    }
    waiting?.resume(with: outcome)
  }
}
