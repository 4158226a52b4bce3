import Synchronization

/// What a test knows of a server and does to it: requests counted and awaited, answers replaced.
package final class ServerScript: Sendable {
  /// What happens to a request in place of the usual answer.
  package enum Behaviour: Sendable {
    /// This is sent.
    case answer(SiteAnswer)
    /// Nothing is sent; the connection stays open until the client or the server ends it.
    case silence
    /// The connection is closed without an answer.
    case hangUp
  }

  private struct Waiter {
    let path: String
    let count: Int
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var counts: [String: Int] = [:]
    var behaviours: [String: Behaviour] = [:]
    var waiters: [Waiter] = []
  }

  private let state = Mutex(State())

  init() {}

  /// Makes every request for `path` (without its query) end this way; nil restores the usual answers.
  package func set(_ behaviour: Behaviour?, for path: String) {
    state.withLock { $0.behaviours[path] = behaviour }
  }

  /// How many requests for `path` have arrived.
  package func requestCount(of path: String) -> Int {
    state.withLock { $0.counts[path, default: 0] }
  }

  /// Returns once `count` requests for `path` have arrived since the server started.
  package func waitForRequests(_ count: Int, of path: String) async {
    await withCheckedContinuation { continuation in
      let isThereAlready = state.withLock { state in
        if state.counts[path, default: 0] >= count { return true }
        state.waiters.append(Waiter(path: path, count: count, continuation: continuation))
        return false
      }
      if isThereAlready { continuation.resume() }
    }
  }

  /// Counts a request, wakes who waited for it, and tells what to do instead of answering.
  func receive(path: String) -> Behaviour? {
    let (behaviour, ready) = state.withLock { state in
      state.counts[path, default: 0] += 1
      let count = state.counts[path, default: 0]
      let isReady = { (waiter: Waiter) in waiter.path == path && waiter.count <= count }
      let ready = state.waiters.filter(isReady)
      state.waiters.removeAll(where: isReady)
      return (state.behaviours[path], ready)
    }
    for waiter in ready { waiter.continuation.resume() }
    return behaviour
  }
}
