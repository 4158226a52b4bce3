internal import BearerTime
internal import Glibc
internal import Synchronization

/// The thread that runs.
package enum CurrentThread {
  /// When some thread last gave way: one for all, because few compute for long, and rarely at once.
  private static let lastTime = Atomic(MonotonicTime.zero.nanoseconds)
  private static let interval: Int64 = 500_000

  /// Lets threads go first that wait for this one's processor, such as an event loop with a request (sched_yield(2)).
  ///
  /// Linux lets a thread that computes keep its processor for milliseconds, whoever wakes up meanwhile. What takes longer
  /// than a request may wait calls this again and again. It does something every half millisecond only, because on a busy
  /// machine each time costs a turn of all others.
  package static func giveWay() {
    guard MonotonicTime.now.nanoseconds - lastTime.load(ordering: .relaxed) >= interval else { return }
    sched_yield()
    lastTime.store(MonotonicTime.now.nanoseconds, ordering: .relaxed)
  }

  /// Empties a large array, and gives way meanwhile: its elements free what only they refer to.
  ///
  /// - Parameter elements: An array that nobody else refers to; what is shared is freed with its last reference.
  package static func free<Element>(_ elements: inout [Element]) {
    repeat { giveWay() } while elements.popLast() != nil
  }
}
