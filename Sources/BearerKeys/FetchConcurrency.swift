import Synchronization

/// Bounds how many fetches run at once; those that requests wait for come first.
///
/// Each fetch costs connections, TLS and a thread or two. A thousand at a start would compete for the processor until
/// all of them fail together, and then try again together.
package final class FetchConcurrency: Sendable {
  /// A fetch that has a permit or waits for one.
  package struct Claim: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private struct Waiting: Sendable {
    var id: Waiters<Bool>.ID
    var isUrgent: Bool
  }

  private struct State: Sendable {
    var taken = 0
    var claims: UInt64 = 0
    var waiting: [Claim: Waiting] = [:]
    var urgent = Waiters<Bool>()
    var ordinary = Waiters<Bool>()
  }

  /// As many as a small machine can serve well.
  package static let defaultCount = 24

  private let count: Int
  private let state = Mutex(State())

  /// Permits for so many fetches at once.
  package init(count: Int = defaultCount) {
    self.count = max(1, count)
  }

  /// A claim that ``take(_:onWait:)`` is called with.
  package func makeClaim() -> Claim {
    state.withLock { state in
      state.claims += 1
      return Claim(number: state.claims)
    }
  }

  /// Waits for a permit.
  ///
  /// - Parameters:
  ///   - claim: The claim, for ``hurry(_:)``.
  ///   - onWait: Called if no permit is free; returns whether requests wait for the fetch.
  /// - Returns: Whether there is a permit, so that ``release()`` must follow; false if the task was cancelled first.
  package func take(_ claim: Claim, onWait: () -> Bool) async -> Bool {
    defer { state.withLock { $0.waiting[claim] = nil } }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
        let taken = state.withLock { state -> Bool? in
          // Read under the lock: a cancellation that comes later finds the claim.
          if Task.isCancelled { return false }
          if state.taken < count {
            state.taken += 1
            return true
          }
          let isUrgent = onWait()
          let wakeUp: Waiters<Bool>.WakeUp = { continuation.resume(returning: $0) }
          let id = isUrgent ? state.urgent.add(wakeUp) : state.ordinary.add(wakeUp)
          state.waiting[claim] = Waiting(id: id, isUrgent: isUrgent)
          return nil
        }
        if let taken { continuation.resume(returning: taken) }
      }
    } onCancel: {
      let wakeUp = state.withLock { Self.remove(claim, &$0) }
      wakeUp?(false)
    }
  }

  /// Serves a waiting claim before those that no request waits for.
  package func hurry(_ claim: Claim) {
    state.withLock { state in
      guard state.waiting[claim]?.isUrgent == false, let wakeUp = Self.remove(claim, &state) else { return }
      state.waiting[claim] = Waiting(id: state.urgent.add(wakeUp), isUrgent: true)
    }
  }

  /// Frees a permit, or passes it to the next claim.
  package func release() {
    let wakeUp = state.withLock { state -> Waiters<Bool>.WakeUp? in
      if let next = state.urgent.removeFirst() ?? state.ordinary.removeFirst() { return next }
      state.taken -= 1
      return nil
    }
    wakeUp?(true)
  }

  private static func remove(_ claim: Claim, _ state: inout State) -> Waiters<Bool>.WakeUp? {
    guard let waiting = state.waiting.removeValue(forKey: claim) else { return nil }
    return waiting.isUrgent ? state.urgent.remove(waiting.id) : state.ordinary.remove(waiting.id)
  }
}
