internal import BearerTime
internal import Glibc
internal import Synchronization

/// The thread that runs.
package enum CurrentThread {
  /// When a thread may next give way: one time for all, because few compute for long, and rarely at once.
  private static let nextTime = Atomic(MonotonicTime.zero.nanoseconds)
  /// How long a thread at least computes in between, in nanoseconds.
  private static let leastTurn: Int64 = 200_000

  /// Lets threads go first that wait for this one's processor, such as an event loop with a request (sched_yield(2)).
  ///
  /// Linux lets a thread that computes keep its processor for milliseconds, whoever wakes up meanwhile. What takes longer
  /// than a request may wait calls this again and again. Most calls do nothing: a thread computes for a fifth of a
  /// millisecond in between, and for longer where it does not get the processor back soon, so that it comes to an end on a
  /// busy machine, too.
  package static func giveWay() {
    let before = MonotonicTime.now.nanoseconds
    guard before >= nextTime.load(ordering: .relaxed) else { return }
    sched_yield()
    let after = MonotonicTime.now.nanoseconds
    nextTime.store(after + max(leastTurn, (after - before) / 8), ordering: .relaxed)
  }

  /// Empties a large array, and gives way meanwhile: its elements free what only they refer to.
  ///
  /// - Parameter elements: An array that nobody else refers to; what is shared is freed with its last reference.
  package static func free<Element>(_ elements: inout [Element]) {
    repeat { giveWay() } while elements.popLast() != nil
  }
}
